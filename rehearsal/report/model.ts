/**
 * `rehearsal-report/report.json`: the result of a rehearsal for machines. Its form is fixed; more facts go into
 * `details.json`. `null` stands where the story ended before the fact was known, or where it can't be known here.
 */
export interface RehearsalReport {
  /** One entry a step of the story, in the order in which they were played: on the way back a phase comes again. */
  readonly phases: readonly PhaseResult[];
  /** One entry an injected fault, in the order in which they were played. */
  readonly faults: readonly FaultResult[];
  readonly messages: MessageTotals;
  readonly migrations: {
    /** Migrations in the database's history after the story. */
    readonly applied: number | null;
    /** Migrations that any update after the first ran again; must be 0. */
    readonly rerunApplied: number | null;
  };
  readonly destroy: {
    /**
     * Before the destroy the webhook pointed elsewhere, after it to the URL that was found before the first update.
     * Null: there was nothing to restore.
     */
    readonly webhookRestored: boolean | null;
    /** Every row of `message_queue` is still there. */
    readonly dataKept: boolean | null;
    /** Resources that `pulumi destroy` should have removed and that are still in the emulators, SSM or the state. */
    readonly resourcesLeft: number | null;
  };
  /** Null: not checked on this system. */
  readonly listeningOnLoopbackOnly: boolean | null;
  /** Rehearsal seconds in a real second. */
  readonly clockFactor: number;
  /** Real seconds from start to report. */
  readonly durationSeconds: number;
}

export interface PhaseResult {
  readonly phase: string;
  /** Percent of messages Python is to get. */
  readonly declaredShare: number;
  /** Percent of the measured window's messages that Python got, by rows of `message_queue`; null: not measured. */
  readonly observedShare: number | null;
  /** Messages of the measured window. */
  readonly requests: number;
  /** Messages lost from the start of this step to the start of the next, its update included; the last step's include the destroy. */
  readonly lost: number;
  /** Real seconds of the `pulumi up`. */
  readonly upSeconds: number;
}

/** What became of an injected fault. Real milliseconds unless the name says otherwise; null: it did not happen. */
export interface FaultResult {
  readonly fault: string;
  readonly phase: string;
  /** From the fault to the alarm that rolls back being in ALARM. */
  readonly detectedMs: number | null;
  /** The same span on the rehearsal's clock, in which alarms, windows and delays run. */
  readonly detectedRehearsalMinutes: number | null;
  /** From that alarm to the kill switch being written, read back and obeyed by the load balancer. */
  readonly trafficBackMs: number | null;
  /** From that alarm to GoHighLevel holding Node's own URL. */
  readonly webhookBackMs: number | null;
  /** Customers' messages that were handed to Python between the fault and the verified switch. */
  readonly exposed: number;
  /** Of all messages from the fault to its end; at most `exposed`. */
  readonly lost: number;
  /** Customers' requests that reached Python after the verified switch; must be 0. */
  readonly customerRequestsToFaultyAfter: number;
}

export interface MessageTotals {
  readonly sent: number;
  /** Answered with 2xx. */
  readonly accepted: number;
  /** Completed in `message_queue`. */
  readonly completed: number;
  /** Answered by a backend with 5xx, or answered by Python and not completed: 0 outside the injected faults. */
  readonly exposed: number;
  /** Not accepted, or accepted and never completed. */
  readonly lost: number;
}

/** Everything the HTML page shows beyond `report.json`; also written as `details.json`. */
export interface ReportDetails {
  readonly ok: boolean;
  /** Sentences: what was expected and what was seen. Empty when all went well. */
  readonly failures: readonly string[];
  /** ISO time of the start, real clock. */
  readonly startedAt: string;
  /** How well this machine kept up with the rehearsal's clock. */
  readonly punctuality: {
    /** Minutes of the rehearsal's clock, and those that were looked at only together with a later one. */
    readonly minutes: number;
    readonly late: number;
    /** Longest rehearsal ms between the end of a minute and the look at its alarms. */
    readonly longestLagMs: number;
  };
  readonly steps: readonly StepDetails[];
  /** One a second while messages flow. */
  readonly samples: readonly Sample[];
  /** What Python decided, one a minute of the rehearsal's clock in which it decided anything. */
  readonly decisions: readonly Decisions[];
  /** Every injected fault with its moments. */
  readonly faults: readonly FaultDetails[];
  /** Every change of an alarm's state, in order. */
  readonly alarms: readonly AlarmChange[];
  /** Numbers of the business by engine, over the whole rehearsal, out of `message_queue`. */
  readonly business: readonly BusinessNumbers[];
  /** The first lost messages, oldest first. */
  readonly lost: readonly LostDetails[];
  /** Resources that stay behind on purpose, and why. */
  readonly leftOnPurpose: readonly string[];
  /** Ports the rehearsal listened on, as "127.0.0.1:8443 node …". */
  readonly listening: readonly string[];
}

export interface StepDetails {
  /** Phase, "destroy", or the name of the fault that it injects. */
  readonly phase: string;
  readonly title: string;
  readonly declaredShare: number;
  /** Real ms since the start of the rehearsal. */
  readonly beganMs: number;
  /** When the update was complete; undefined where it failed. */
  readonly appliedMs?: number;
  readonly endedMs: number;
  /** What the update did, "41 create". */
  readonly changes: string;
  /** Title of the story it belongs to, where more than one is played. */
  readonly chapter?: string;
  /** It had to be refused and to change nothing; its checks say whether it was and did. */
  readonly refused?: true;
  readonly measured?: MeasuredWindow;
  readonly checks: readonly Check[];
}

export interface MeasuredWindow {
  /** Real ms since the start of the rehearsal. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly requests: number;
  readonly python: number;
  /** Percent by rows of the table, and by the customer target groups' request count. */
  readonly byTable: number;
  readonly byLoadBalancer?: number;
  /** 99.99 % binomial band around the declared share at this number of messages, percent. */
  readonly band: readonly [number, number];
}

export interface Check {
  readonly what: string;
  readonly ok: boolean;
  /** What was seen, or what was expected instead. */
  readonly seen: string;
}

/** One lost message. */
export interface LostDetails {
  readonly id: string;
  /** Real ms since the start of the rehearsal at which it was sent. */
  readonly sentMs: number;
  /** Real ms until the answer, or until the sender gave up. */
  readonly latencyMs: number;
  readonly why: string;
}

/** What customers saw of each engine in one second, by the second in which a message was sent. */
export interface Sample {
  /** Real ms since the start of the rehearsal. */
  readonly atMs: number;
  /** Accepted messages by the engine that answered. */
  readonly node: number;
  readonly python: number;
  /** Messages not accepted, by the engine that answered; `unknown` where no engine did. */
  readonly errors: { readonly node: number; readonly python: number; readonly unknown: number };
  /** 95th percentile of the time to the answer, ms; undefined without a message. */
  readonly p95Ms: { readonly node?: number; readonly python?: number };
}

/** How many agents were chosen and appointments booked in a minute of the rehearsal's clock, by Python's log, and how many not. */
export interface Decisions {
  /** Real ms since the start of the rehearsal at which the minute begins. */
  readonly atMs: number;
  readonly routings: number;
  readonly routingFailures: number;
  readonly bookings: number;
  readonly bookingFailures: number;
}

/** The moments of one injected fault; real ms since the start of the rehearsal. */
export interface FaultDetails extends FaultResult {
  readonly injectedMs: number;
  /** The alarm that rolled back, and why it did. */
  readonly alarm?: string;
  readonly reason?: string;
  /** Keys of the triggers that rang from the fault on until all were calm again. */
  readonly triggers: readonly string[];
  readonly alarmMs?: number;
  readonly switchVerifiedMs?: number;
  readonly webhookMs?: number;
  /** When the fault itself was mended. */
  readonly liftedMs?: number;
  /** When the update that released the rollback was complete. */
  readonly releasedMs?: number;
  /** Id of the rollback's record. */
  readonly rollback?: string;
  /** The lost messages, oldest first, at most 20. */
  readonly lostMessages: readonly LostDetails[];
}

export interface AlarmChange {
  /** Physical name. */
  readonly alarm: string;
  /** It moves traffic by itself. */
  readonly rollsBack: boolean;
  readonly from: string;
  readonly to: string;
  /** Real ms since the start of the rehearsal. */
  readonly atMs: number;
  readonly reason: string;
}

export interface BusinessNumbers {
  readonly engine: "node" | "python";
  readonly messages: number;
  readonly completed: number;
  readonly booked: number;
  /** Leads that were qualified. */
  readonly qualified: number;
}
