import type { FaultDetails, LostDetails, MeasuredWindow, StepDetails } from "./model";

/** A made-up step: what it leads to, and how many real seconds its update and the rest of it take. */
interface Told {
  readonly phase: string;
  readonly share: number;
  readonly upSeconds: number;
  readonly restSeconds: number;
  readonly measure?: number;
  readonly fault?: ToldFault;
  readonly release?: boolean;
  readonly refused?: true;
}

interface ToldFault {
  readonly name: string;
  readonly alarm: string;
  readonly reason: string;
  /** Real seconds from the fault to the alarm. */
  readonly detected: number;
  readonly backMs: number;
  readonly exposed: number;
  readonly lost: number;
}

const up = (phase: string, share: number, upSeconds: number, restSeconds: number, measure = 600): Told => ({
  phase,
  share,
  upSeconds,
  restSeconds,
  ...(measure ? { measure } : {}),
});
const released = (phase: string, share: number): Told => ({ ...up(phase, share, 5.2, 3.4), release: true });
const broken = (phase: string, share: number, restSeconds: number, fault: ToldFault): Told => ({
  phase,
  share,
  upSeconds: 0,
  restSeconds,
  fault,
});

const SHORT: readonly Told[] = [
  up("prepare", 0, 14.4, 4, 0),
  up("front-door", 0, 5.1, 2.8),
  up("parallel", 10, 4.9, 3),
  up("front-door", 0, 6.8, 2.7),
  up("node-only", 0, 4.4, 1.2, 0),
  up("destroy", 0, 11.6, 1.5, 0),
];

const WHOLE: readonly Told[] = [
  up("prepare", 0, 15.2, 7.5, 0),
  up("front-door", 0, 5.3, 2.9),
  up("parallel", 10, 5, 7.6, 2000),
  up("ramp-25", 25, 4.7, 3.1),
  up("ramp-50", 50, 4.6, 3),
  broken("ramp-50", 50, 17, {
    name: "python-5xx",
    alarm: "errors-burst",
    reason: "9 of 12 answers of Python in 1 minute were 5xx; more than 5 % and at least 5 are too many",
    detected: 2.6,
    backMs: 640,
    exposed: 31,
    lost: 22,
  }),
  released("parallel", 10),
  up("ramp-25", 25, 4.6, 2.9),
  up("ramp-50", 50, 4.8, 3),
  up("ramp-75", 75, 4.6, 3.1),
  broken("ramp-75", 75, 13, {
    name: "python-slow",
    alarm: "slow-p95",
    reason: "p95 of Python's answers was 4.1 s in 3 of 3 minutes; more than 3 s is too slow",
    detected: 5.8,
    backMs: 710,
    exposed: 91,
    lost: 0,
  }),
  released("ramp-75", 75),
  up("ramp-90", 90, 4.7, 3.2),
  broken("ramp-90", 90, 9.5, {
    name: "routing",
    alarm: "routing-failures",
    reason: "38 of 171 routings failed",
    detected: 4.9,
    backMs: 590,
    exposed: 94,
    lost: 3,
  }),
  released("ramp-90", 90),
  broken("ramp-90", 90, 9.8, {
    name: "booking",
    alarm: "booking-failures",
    reason: "14 of 19 bookings failed",
    detected: 6.2,
    backMs: 620,
    exposed: 118,
    lost: 0,
  }),
  released("ramp-90", 90),
  up("full", 100, 5.4, 3.1),
  broken("full", 100, 10.4, {
    name: "python-dead",
    alarm: "no-healthy-host",
    reason: "0 healthy hosts in 1 minute; fewer than 1 is too few",
    detected: 2.1,
    backMs: 830,
    exposed: 10,
    lost: 10,
  }),
  released("full", 100),
  up("decommission", 100, 9.8, 4.4),
  { ...up("destroy", 0, 3.1, 0.6, 0), refused: true },
];

interface Played extends Omit<Told, "measure"> {
  readonly chapter: string;
  readonly beganMs: number;
  readonly appliedMs?: number;
  readonly endedMs: number;
  readonly measured?: MeasuredWindow;
}

/** The two stories with their real times, one after the other from the ninth second on. */
export const PLAYED: readonly Played[] = played();

function played(): Played[] {
  let at = 9000;
  const told = [
    ...SHORT.map((step) => ({ ...step, chapter: "a migration that is given up" })),
    ...WHOLE.map((step) => ({ ...step, chapter: "the whole plan" })),
  ];
  return told.map(({ measure, ...step }, i) => {
    const beganMs = at;
    const upMs = beganMs + step.upSeconds * 1000;
    at = upMs + step.restSeconds * 1000;
    return {
      ...step,
      beganMs,
      endedMs: at,
      ...(step.fault || step.refused ? {} : { appliedMs: upMs }),
      ...(measure ? { measured: exampleWindow(step.share, measure, upMs + 400, i) } : {}),
    };
  });
}

function exampleWindow(declared: number, requests: number, fromMs: number, i: number): MeasuredWindow {
  const wide = 389 * Math.sqrt(((declared / 100) * (1 - declared / 100)) / requests);
  const band: readonly [number, number] = [Math.max(0, declared - wide), Math.min(100, declared + wide)];
  const python = Math.round((requests * (declared + wide * 0.4 * Math.sin(i))) / 100);
  const byTable = Number(((100 * python) / requests).toFixed(3));
  return { fromMs, toMs: fromMs + 2000, requests, python, byTable, byLoadBalancer: byTable, band };
}

export function exampleSteps(): StepDetails[] {
  return PLAYED.map(({ phase, share, beganMs, appliedMs, endedMs, chapter, fault, refused, release, measured }) => ({
    phase: fault?.name ?? phase,
    title: fault
      ? `${fault.name} at ${phase}`
      : phase === "destroy"
        ? "pulumi destroy"
        : `${release ? "pulumi config set cutover:acknowledgeRollback <id>; " : ""}pulumi config set cutover:phase ${phase}; pulumi up`,
    declaredShare: share,
    beganMs,
    ...(appliedMs === undefined ? {} : { appliedMs }),
    endedMs,
    changes: fault ? "rolled back by itself" : refused ? "" : "3 update, 118 same",
    chapter,
    ...(refused ? { refused } : {}),
    ...(measured ? { measured } : {}),
    checks: [
      { what: "a second up changes nothing", ok: true, seen: "no change" },
      { what: "no message is lost", ok: true, seen: "1,204 sent, 0 lost" },
    ],
  }));
}

export function exampleFaults(): FaultDetails[] {
  const broken = PLAYED.flatMap((step, i) => (step.fault ? [{ step, fault: step.fault, next: PLAYED[i + 1] }] : []));
  return broken.map(({ step, fault, next }, i) => {
    const injectedMs = step.beganMs + 1200;
    const alarmMs = injectedMs + fault.detected * 1000;
    const lost = lostMessages(fault, injectedMs);
    return {
      fault: fault.name,
      phase: step.phase,
      detectedMs: fault.detected * 1000,
      detectedRehearsalMinutes: fault.detected,
      trafficBackMs: fault.backMs,
      webhookBackMs: fault.backMs + 470,
      exposed: fault.exposed,
      lost: fault.lost,
      customerRequestsToFaultyAfter: 0,
      injectedMs,
      alarm: `cutover-rehearsal-${fault.alarm}`,
      reason: fault.reason,
      triggers: [fault.alarm],
      alarmMs,
      switchVerifiedMs: alarmMs + fault.backMs,
      webhookMs: alarmMs + fault.backMs + 470,
      liftedMs: step.endedMs - 3000,
      ...(next?.appliedMs === undefined ? {} : { releasedMs: next.appliedMs }),
      rollback: `rb-000${i + 1}`,
      lostMessages: lost,
    };
  });
}

function lostMessages(fault: ToldFault, fromMs: number): LostDetails[] {
  return Array.from({ length: Math.min(20, fault.lost) }, (_, i) => ({
    id: `story-steady-${Math.round(fromMs / 50) + 2 * i}`,
    sentMs: fromMs + 110 * i,
    latencyMs: 12 + i,
    why: "not accepted by front.example/webhooks/ghl: 500",
  }));
}
