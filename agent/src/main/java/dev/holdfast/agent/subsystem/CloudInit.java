// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;

/**
 * What cloud-init, which sets up most machines of most clouds, keeps of where it ran: the part {@code v1} of its
 * instance data, whose names it promises to keep. What it does not know is missing.
 */
record CloudInit(
        Optional<String> provider,
        Optional<String> region,
        Optional<String> availabilityZone,
        Optional<String> instanceId) {

    private static final String FILE = "run/cloud-init/instance-data.json";

    /** Some have all that a metadata service knows in them, but not as much as this. */
    private static final int LARGEST = 1 << 20;

    /** Its names for clouds, where they are not OpenTelemetry's. */
    private static final Map<String, String> PROVIDERS = Map.of(
            "gce", "gcp",
            "aliyun", "alibaba_cloud",
            "oracle", "oracle_cloud",
            "tencentcloud", "tencent_cloud");

    static CloudInit read(Surroundings surroundings) {
        Map<String, String> told =
                surroundings.file(FILE, LARGEST).map(CloudInit::versionOne).orElse(Map.of());
        return new CloudInit(
                text(told, "cloud_name").map(name -> PROVIDERS.getOrDefault(name, name)),
                text(told, "region"),
                text(told, "availability_zone"),
                text(told, "instance_id"));
    }

    private static Optional<String> text(Map<String, String> told, String name) {
        return Optional.ofNullable(told.get(name)).filter(text -> !text.isBlank() && !text.equals("unknown"));
    }

    private static Map<String, String> versionOne(String json) {
        Map<String, String> texts = new HashMap<>();
        try (JsonParser parser = new JsonFactory().createParser(ObjectReadContext.empty(), json)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return Map.of();
            }
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean wanted = parser.currentName().equals("v1");
                JsonToken value = parser.nextToken();
                if (wanted && value == JsonToken.START_OBJECT) {
                    readTexts(parser, texts);
                } else {
                    parser.skipChildren();
                }
            }
        } catch (JacksonException damaged) {
            // Half a file says nothing that can be relied on.
            return Map.of();
        }
        return texts;
    }

    private static void readTexts(JsonParser parser, Map<String, String> texts) {
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            if (parser.nextToken() == JsonToken.VALUE_STRING) {
                texts.put(name, parser.getString());
            } else {
                parser.skipChildren();
            }
        }
    }
}
