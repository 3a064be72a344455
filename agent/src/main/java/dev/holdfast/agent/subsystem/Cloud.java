// SPDX-License-Identifier: Apache-2.0
package dev.holdfast.agent.subsystem;

import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The cloud that the agent runs in, if it does. What cloud-init left behind comes first, then what the machine says of
 * itself (DMI), then variables, and of those only the ones of the cloud that was found: on a laptop they say which
 * cloud its owner works with. No metadata service is asked, since where there is none that takes long.
 */
final class Cloud {

    /**
     * How one is told.
     *
     * @param provider by OpenTelemetry's conventions
     * @param vendors how its machines begin to say who made them
     * @param platforms variables that only its platforms set
     * @param regions variables with a region
     * @param accounts variables with an account
     */
    private record Signs(
            String provider,
            List<String> vendors,
            List<String> platforms,
            List<String> regions,
            List<String> accounts) {}

    private static final List<Signs> SIGNS = List.of(
            new Signs(
                    "aws",
                    List.of("Amazon"),
                    List.of(
                            "ECS_CONTAINER_METADATA_URI_V4",
                            "ECS_CONTAINER_METADATA_URI",
                            "AWS_LAMBDA_FUNCTION_NAME",
                            "AWS_EXECUTION_ENV"),
                    List.of("AWS_REGION", "AWS_DEFAULT_REGION"),
                    List.of("AWS_ACCOUNT_ID")),
            new Signs(
                    "gcp",
                    List.of("Google"),
                    List.of("K_SERVICE", "CLOUD_RUN_JOB", "GAE_SERVICE", "FUNCTION_TARGET"),
                    List.of("GOOGLE_CLOUD_REGION", "FUNCTION_REGION"),
                    List.of("GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT")),
            new Signs(
                    "azure",
                    List.of(),
                    List.of("WEBSITE_SITE_NAME", "CONTAINER_APP_NAME", "AZURE_CONTAINER_APP_NAME"),
                    List.of("AZURE_REGION", "AZURE_LOCATION", "REGION_NAME"),
                    List.of("AZURE_SUBSCRIPTION_ID")),
            new Signs(
                    "alibaba_cloud",
                    List.of("Alibaba"),
                    List.of(),
                    List.of("ALIBABA_CLOUD_REGION_ID"),
                    List.of("ALIBABA_CLOUD_ACCOUNT_ID")),
            new Signs("tencent_cloud", List.of("Tencent"), List.of(), List.of("TENCENTCLOUD_REGION"), List.of()),
            new Signs("oracle_cloud", List.of("OracleCloud"), List.of(), List.of("OCI_REGION"), List.of()),
            new Signs("heroku", List.of(), List.of("DYNO"), List.of(), List.of()),
            new Signs("digitalocean", List.of("DigitalOcean"), List.of(), List.of(), List.of()),
            new Signs("hetzner", List.of("Hetzner"), List.of(), List.of(), List.of()),
            new Signs("vultr", List.of("Vultr"), List.of(), List.of(), List.of()),
            new Signs("scaleway", List.of("Scaleway"), List.of(), List.of(), List.of()),
            new Signs("ovh", List.of("OVH"), List.of(), List.of(), List.of()));

    /** What is looked at. */
    static final List<String> VARIABLES = SIGNS.stream()
            .flatMap(signs -> Stream.of(signs.platforms(), signs.regions(), signs.accounts()))
            .flatMap(List::stream)
            .toList();

    private static final String DMI = "sys/class/dmi/id/";

    /** What the chassis of every virtual machine of Azure has for a tag; others of the same vendor are on desks. */
    private static final String AZURE_TAG = "7783-7084-3265-9085-8269-3286-77";

    private static final Pattern AWS_INSTANCE = Pattern.compile("i-[0-9a-f]{8,32}");
    private static final Pattern AWS_TYPE = Pattern.compile("[a-z0-9-]+\\.[a-z0-9-]+");

    private Cloud() {}

    static void describe(Surroundings surroundings, Attributes attributes) {
        CloudInit told = CloudInit.read(surroundings);
        Optional<Signs> found = provider(surroundings, told);
        attributes.put("cloud.provider", found.map(Signs::provider));
        attributes.put("cloud.region", told.region());
        attributes.put("cloud.availability_zone", told.availabilityZone());
        attributes.put("host.id", told.instanceId().filter(id -> found.isPresent()));
        found.ifPresent(signs -> {
            attributes.put("cloud.region", surroundings.variable(signs.regions().toArray(String[]::new)));
            attributes.put(
                    "cloud.account.id", surroundings.variable(signs.accounts().toArray(String[]::new)));
            if (signs.provider().equals("aws")) {
                attributes.put("cloud.platform", awsPlatform(surroundings));
                attributes.put("host.id", dmi(surroundings, "board_asset_tag", AWS_INSTANCE));
                attributes.put("host.type", dmi(surroundings, "product_name", AWS_TYPE));
            }
        });
    }

    private static Optional<Signs> provider(Surroundings surroundings, CloudInit told) {
        return SIGNS.stream()
                .filter(signs ->
                        told.provider().filter(signs.provider()::equals).isPresent())
                .findFirst()
                .or(() -> SIGNS.stream()
                        .filter(signs -> isMadeBy(signs, surroundings))
                        .findFirst())
                .or(() -> SIGNS.stream()
                        .filter(signs -> surroundings.has(signs.platforms().toArray(String[]::new)))
                        .findFirst())
                .or(() -> SIGNS.stream()
                        .filter(signs ->
                                surroundings.has(Stream.concat(signs.regions().stream(), signs.accounts().stream())
                                        .toArray(String[]::new)))
                        .findFirst());
    }

    private static boolean isMadeBy(Signs signs, Surroundings surroundings) {
        if (signs.provider().equals("azure")) {
            return surroundings
                    .file(DMI + "chassis_asset_tag", Attributes.LONGEST)
                    .filter(AZURE_TAG::equals)
                    .isPresent();
        }
        return Stream.of("sys_vendor", "product_name", "bios_vendor", "chassis_asset_tag")
                .flatMap(name -> surroundings.file(DMI + name, Attributes.LONGEST).stream())
                .anyMatch(said -> signs.vendors().stream().anyMatch(said::startsWith));
    }

    private static Optional<String> awsPlatform(Surroundings surroundings) {
        if (surroundings.has("AWS_LAMBDA_FUNCTION_NAME")) {
            return Optional.of("aws_lambda");
        }
        if (surroundings.has("ECS_CONTAINER_METADATA_URI_V4", "ECS_CONTAINER_METADATA_URI")) {
            return Optional.of("aws_ecs");
        }
        return dmi(surroundings, "board_asset_tag", AWS_INSTANCE).map(id -> "aws_ec2");
    }

    private static Optional<String> dmi(Surroundings surroundings, String name, Pattern form) {
        return surroundings
                .file(DMI + name, Attributes.LONGEST)
                .filter(text -> form.matcher(text).matches());
    }
}
