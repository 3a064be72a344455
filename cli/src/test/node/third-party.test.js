// SPDX-License-Identifier: Apache-2.0
//
// OpAMP for Node.js by others, against ours: their client and our server, their server and our agent, as processes.
'use strict';

const assert = require('node:assert/strict');
const {spawn} = require('node:child_process');
const {subscribe} = require('node:diagnostics_channel');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const {after, describe, it} = require('node:test');
const {setTimeout: pause} = require('node:timers/promises');
const {MockOpAMPServer} = require('@elastic/mockopampserver');
const {
    createOpAMPClient,
    DIAG_CH_SEND_FAIL,
    DIAG_CH_SEND_SCHEDULE,
    DIAG_CH_SEND_SUCCESS,
} = require('@elastic/opamp-client-node');

const PATIENCE_MS = 180_000;
const temp = fs.mkdtempSync(path.join(os.tmpdir(), 'holdfast-node-'));
const running = [];

after(async () => {
    await Promise.all(running.map((one) => one.kill()));
    fs.rmSync(temp, {recursive: true, force: true, maxRetries: 3});
});

/** What their clients tell of themselves, in order. */
const told = [];
for (const channel of [DIAG_CH_SEND_FAIL, DIAG_CH_SEND_SCHEDULE, DIAG_CH_SEND_SUCCESS]) {
    subscribe(channel, (event) => told.push(event));
}

function toldOf(client, name) {
    const uid = Buffer.from(client.getInstanceUid()).toString('hex');
    return told.filter((event) => event.name === name && event.instanceUidStr.replaceAll('-', '') === uid);
}

async function until(what, look) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await pause(100)) {
        const found = await look();
        if (found) {
            return found;
        }
    }
    throw new Error(`not within ${PATIENCE_MS} ms: ${what}; ${running.map((one) => one.log).join('\n--\n')}`);
}

/** A holdfast command that runs until it is stopped. */
function start(environment, ...args) {
    const child = spawn(process.env.HOLDFAST, args, {env: {...process.env, ...environment}});
    const one = {log: '', kill: () => {}};
    const gone = new Promise((resolve) => child.on('exit', resolve));
    one.kill = async () => {
        child.kill('SIGKILL');
        await gone;
    };
    one.lines = (pattern) => one.log.split('\n').filter((line) => pattern.test(line));
    for (const stream of [child.stdout, child.stderr]) {
        stream.on('data', (text) => (one.log += text));
    }
    running.push(one);
    return one;
}

async function server(data, listen, environment = {}) {
    const one = start(environment, 'server', '--data', data, '--listen', listen, '--admin', '127.0.0.1:0');
    await until(`a server that listens:\n${one.log}`, () => one.lines(/listens for agents on/).length);
    const says = JSON.parse(fs.readFileSync(path.join(data, 'server.json'), 'utf8'));
    const token = fs.readFileSync(path.join(data, 'admin.token'), 'utf8').trim();
    one.listen = says.listen;
    one.endpoint = `http://${says.listen}/v1/opamp`;
    one.agents = async () => {
        const answer = await fetch(`http://${says.admin}/api/agents`, {headers: {authorization: `Bearer ${token}`}});
        return answer.json();
    };
    return one;
}

function client(endpoint, name) {
    const one = createOpAMPClient({endpoint, heartbeatIntervalSeconds: 1, diagEnabled: true});
    one.setAgentDescription({identifyingAttributes: {'service.name': name}});
    one.start();
    return one;
}

describe('@elastic/opamp-client-node and our server', {concurrency: true}, () => {
    it('attaches, and again after the server was killed and started', async () => {
        const data = path.join(temp, 'restarted');
        const first = await server(data, '127.0.0.1:0');
        const theirs = client(first.endpoint, 'restarted');
        await until('attached', async () => (await first.agents()).some((agent) => agent.attached));

        await first.kill();
        await until('a send that failed', () => toldOf(theirs, DIAG_CH_SEND_FAIL).length);
        const second = await server(data, first.listen);
        const reachable = Date.now();
        await until('a send that did not', () =>
            toldOf(theirs, DIAG_CH_SEND_SUCCESS).some((event) => event.time > reachable)
        );
        // It waits for 30 s by itself after a failure.
        console.log(`recovery: scenario=third-party-client reachable_to_attached=${(Date.now() - reachable) / 1000}s`);
        const agents = await second.agents();
        assert.equal(agents.length, 1);
        assert.equal(agents[0].attached, true);
        assert.ok(agents[0].registrations <= 2, `a restart costs one full report: ${agents[0].registrations}`);
        await theirs.shutdown();
    });

    it('is throttled by Retry-After, each client by another one, and let in in the end', async () => {
        const environment = {HOLDFAST_SERVER_ADMISSION_RATE: '1', HOLDFAST_SERVER_ADMISSION_BURST: '1'};
        const ours = await server(path.join(temp, 'throttled'), '127.0.0.1:0', environment);
        const theirs = Array.from({length: 40}, (_, n) => client(ours.endpoint, `throttled-${n}`));
        const refused = await until('one let in, the others refused', () => {
            const those = theirs.filter((one) => toldOf(one, DIAG_CH_SEND_FAIL).length);
            const others = theirs.filter((one) => toldOf(one, DIAG_CH_SEND_SUCCESS).length);
            return those.length + others.length >= 40 && those;
        });
        assert.ok(refused.length >= 30, `${refused.length} refused`);

        const asked = [];
        for (const one of refused) {
            const [fail] = toldOf(one, DIAG_CH_SEND_FAIL);
            assert.match(String(fail.err), /503/);
            const next = toldOf(one, DIAG_CH_SEND_SCHEDULE).find((event) => event.errCount === 1);
            // It takes anything below 30 s for 30 s, and jitters by a tenth either way.
            assert.ok(next.delayMs >= 0.9 * fail.retryAfterMs - 1 && next.delayMs <= 1.1 * fail.retryAfterMs + 1);
            asked.push(fail.retryAfterMs);
        }
        const long = asked.filter((ms) => ms > 30_000);
        assert.ok(long.length >= 3, `some are told more than 30 s: ${asked}`);
        assert.equal(new Set(long).size, long.length, `each another time: ${long}`);

        await until('all let in', async () => (await ours.agents()).filter((agent) => agent.attached).length === 40);
        for (const agent of await ours.agents()) {
            assert.equal(agent.registrations, 1);
        }
        await Promise.all(theirs.map((one) => one.shutdown()));
    });
});

describe('@elastic/mockopampserver and our agent', () => {
    it('is polled, since it takes no upgrades; UNKNOWN is borne, UNAVAILABLE obeyed', async () => {
        let theirs = await mock({port: 0});
        const {port} = new URL(theirs.endpoint);
        const agent = start(
            {
                HOLDFAST_POLLING_FAST_INTERVAL: '1s',
                HOLDFAST_POLLING_INTERVAL: '1s',
                HOLDFAST_AGENT_HEARTBEAT_INTERVAL: '1s',
                HOLDFAST_RECONNECT_STABLE_AFTER: '1s',
            },
            'agent',
            '--data',
            path.join(temp, 'agent'),
            '--server',
            `http://127.0.0.1:${port}`
        );
        const attached = /link attached: .* over polling/;
        await until('attached by polling', () => agent.lines(attached).length);
        await until('polls', () => posts(theirs).length > 3);
        const uid = posts(theirs)[0].a2s.instanceUid;
        assert.ok(theirs.getActiveAgent(uid).getIdentifyingAttributes()['service.name'], 'its description came');

        theirs = await replaced(theirs, {port, badMode: 'server_error_response_unknown'});
        await until('polls that were answered UNKNOWN', () => posts(theirs).length > 5);
        assert.equal(agent.lines(/from=rejected/).length, 0, agent.log);

        theirs = await replaced(theirs, {port});
        await until('polls after UNKNOWN', () => posts(theirs).length > 3);
        await until('attached after UNKNOWN', () => theirs.getActiveAgent(uid)?.agentDescription);

        theirs = await replaced(theirs, {port, badMode: 'server_error_response_unavailable'});
        await until('told to stay away', () => agent.lines(/cause=OVERLOAD .*delay=[4-6][0-9]\..*from=server/).length);
        const since = Date.now();
        const before = posts(theirs).length;
        const attachments = agent.lines(attached).length;
        theirs.close();
        const last = theirs;
        theirs = await mock({port});
        await until('back', () => agent.lines(attached).length > attachments);
        assert.equal(posts(last).length, before, 'nothing was sent meanwhile');
        const away = Date.now() - since;
        assert.ok(away >= 41_000, `stayed away for the 42 s that it was told: ${away} ms`);
        console.log(`recovery: scenario=third-party-server-unavailable outage=42s attached_after=${away / 1000}s`);
        await until('whole again', () => theirs.getActiveAgent(uid)?.agentDescription);
    });

    async function mock(options) {
        const one = new MockOpAMPServer({hostname: '127.0.0.1', logLevel: 'fatal', testMode: true, ...options});
        await until('a port that is free', () => one.start().then(() => true, () => false));
        // Most are closed by then, which their close takes for an error.
        after(() => one.close().catch(() => {}));
        return one;
    }

    /** Another one in the same place. */
    async function replaced(one, options) {
        await one.close();
        return mock(options);
    }

    function posts(one) {
        return one.testGetRequests().filter((request) => request.a2s);
    }
});
