import { frontDoorUrl } from "@cutover/domain/webhook";
import { checkSockets } from "../run/sockets";
import { compositeAlarms, functionsBehind } from "./alarm-path";
import { type Seen, same, sameUrl } from "./checks";
import { readCustomerGroups } from "./customer-groups";
import { switchInForce } from "./kill-switch";
import type { Memory } from "./memory";
import type { Stage } from "./stage";

/** Something that must be true after a step; looks at the world, not at what the program says of itself. */
export interface Expectation {
  readonly what: string;
  look(stage: Stage, memory: Memory): Promise<Seen> | Seen;
}

/** Nothing but reads may have reached GoHighLevel. */
export const ghlUntouched: Expectation = {
  what: "GoHighLevel is untouched: its journal shows no write",
  look: ({ ghl }, { ghlWrites }) => {
    const writes = ghl
      .writes()
      .slice(ghlWrites)
      .map((entry) => `${entry.method} ${entry.path}`);
    return { ok: writes.length === 0, seen: writes.length === 0 ? `${ghl.journal.length} reads` : writes.join(", ") };
  },
};

export const webhookAsFound: Expectation = {
  what: "the webhook points where it was found",
  look: ({ ghl, webhookValue, urlAsFound }) => sameUrl(ghl.valueOf(webhookValue), urlAsFound),
};

export const webhookAtFrontDoor: Expectation = {
  what: "the webhook points at the front door",
  look: ({ ghl, webhookValue, domain }) => sameUrl(ghl.valueOf(webhookValue), frontDoorUrl({ domain })),
};

export const webhookAtNode: Expectation = {
  what: "the webhook points at Node's own URL",
  look: webhookAsFound.look,
};

/** As the load balancer obeys it, not as the state says. */
export const killSwitchOff: Expectation = {
  what: "the kill switch is off",
  look: async (stage) => same(switchInForce(stage.balancer, await readCustomerGroups(stage)), "off"),
};

/** A trigger without an action, or none at all, would watch nothing. */
export const alarmsAreArmed: Expectation = {
  what: "both alarms that roll back exist and act on a topic that invokes the function",
  look: async ({ aws, stack }) => {
    const alarms = await compositeAlarms(aws);
    const wanted = ["hard", "soft"].map((tier) => `cutover-${stack}-rollback-${tier}`);
    const armed = alarms.filter((a) => a.ActionsEnabled && a.AlarmActions?.length === 1).map((a) => a.AlarmName);
    const missing = wanted.filter((name) => !armed.includes(name));
    const topics = [...new Set(alarms.flatMap((a) => a.AlarmActions ?? []))];
    const functions = await functionsBehind(aws, alarms);
    const ok = missing.length === 0 && topics.length === 1 && functions.length === 1;
    return {
      ok,
      seen: ok ? `${wanted.length} alarms, 1 function` : `missing: ${missing.join(", ") || "the function"}`,
    };
  },
};

export const nodeIsGone: Expectation = {
  what: "Node's service, target groups and kill switch are gone; its code is archived",
  look: async ({ balancer, aws }) => {
    const groups = balancer.config.targetGroups.filter((g) => /-no-/.test(g.name)).map((g) => g.name);
    const { clusterArns = [] } = await aws.ecs.listClusters({});
    const services = await Promise.all(clusterArns.map((cluster) => aws.ecs.listServices({ cluster })));
    const nodes = services.flatMap((s) => s.serviceArns ?? []).filter((arn) => arn.endsWith("/node"));
    const { Buckets = [] } = await aws.s3.listBuckets({});
    const kept = await Promise.all(
      Buckets.map((b) =>
        aws.s3.listObjectsV2({ Bucket: b.Name }).then((r) => (r.Contents ?? []).map((o) => o.Key ?? "")),
      ),
    );
    const bundles = kept.flat().filter((key) => key.endsWith(".bundle"));
    const ok = groups.length === 0 && nodes.length === 0 && bundles.length > 0;
    const seen = `${groups.length} target groups, ${nodes.length} services left; ${bundles.length} git bundle archived`;
    return { ok, seen };
  },
};

/** The value itself is never shown. */
export const secretInGhl: Expectation = {
  what: "GoHighLevel holds the webhook's secret",
  look: ({ ghl, secretValue }) => {
    const length = ghl.valueOf(secretValue)?.length ?? 0;
    return { ok: length >= 32, seen: `${length} characters` };
  },
};

/** As the load balancer's own health checks see it, not the emulator. */
export const bothServicesHealthy: Expectation = {
  what: "both services are healthy in every target group",
  look: ({ balancer }) => {
    // A function (the inbox) has no health check, and no hosts.
    const checked = balancer.config.targetGroups.filter(({ targetType }) => targetType !== "lambda");
    const groups = checked.map(({ name, arn }) => ({ name, ...balancer.hostCounts(arn) }));
    const bad = groups.filter((g) => g.HealthyHostCount === 0 || g.UnHealthyHostCount > 0);
    const show = (g: (typeof groups)[number]) =>
      `${g.name}: ${g.HealthyHostCount} healthy, ${g.UnHealthyHostCount} not`;
    const healthy = groups.reduce((sum, g) => sum + g.HealthyHostCount, 0);
    const well = groups.length > 0 && bad.length === 0;
    return {
      ok: well,
      seen: well ? `${healthy} targets in ${groups.length} groups` : bad.map(show).join(", ") || "no target group",
    };
  },
};

export const migrationsApplied: Expectation = {
  what: "the database's history shows the migrations",
  look: async ({ postgres }, memory) => {
    const history = await postgres.appliedMigrations();
    memory.rememberMigrations(history);
    const open = history.filter((m) => m.finishedAt === null).map((m) => m.version);
    const seen = open.length ? `not finished: ${open.join(", ")}` : `${history.length} applied`;
    return { ok: history.length > 0 && open.length === 0, seen };
  },
};

export const migrationsNotRerun: Expectation = {
  what: "no migration ran again",
  look: async ({ postgres }, memory) => {
    const again = memory.rememberMigrations(await postgres.appliedMigrations());
    return { ok: again === 0, seen: `${again} ran since the first update` };
  },
};

export const onLoopbackOnly: Expectation = {
  what: "every port of the rehearsal is on loopback",
  look: (stage, memory) => {
    const check = checkSockets(stage.processes());
    memory.sockets = check;
    if (check.onLoopbackOnly === undefined) return { ok: true, seen: "NOT CHECKED on this system" };
    const exposed = check.exposed.map((s) => `${s.address}:${s.port} ${s.process}`);
    return { ok: check.onLoopbackOnly, seen: exposed.join(", ") || `${check.listening.length} ports` };
  },
};
