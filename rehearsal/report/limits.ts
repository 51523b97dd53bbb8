/** What stands in for something else here; shown in the report so that nobody takes a stand-in for the thing. */
export const EMULATED: readonly string[] = [
  "AWS: the real Pulumi engine and program, but a small provider that calls two emulators (moto, ministack).",
  "Load balancer and Fargate tasks: own processes that do what the emulated AWS state says and answer for health, tasks and request counts.",
  "CloudWatch: log metric filters, metrics, alarms and schedules are the deployed definitions, evaluated here as AWS documents it, on the rehearsal clock. Topics and functions are the emulator's, called for real.",
  "Faults: the services are told to answer 5xx, to be slow, or to fail at routing or booking, or their tasks are killed; nothing is told to the alarms or the rollback.",
  "GoHighLevel: a stand-in with custom values and a workflow sender (one attempt, 10 s, no redelivery).",
  "Supabase: a real PostgreSQL on this machine; both apps talk SQL to it, no PostgREST.",
  "Node service: a stand-in. Python service: the real langgraph with a fixed router, no model call.",
  "Public name and certificate: a loopback port and an authority made for this run.",
];

/** What only a real account can show. */
export const NOT_SHOWN: readonly string[] = [
  "Times of AWS: how long load balancers, tasks, certificates and alarms take there. Seconds here are seconds of this machine.",
  "Permissions: functions may do what their roles' policies allow, as IAM documents it; every other call passes, so a policy that is too narrow for whoever runs the updates is not noticed.",
  "How late AWS publishes a metric, evaluates an alarm or delivers a notification: detection here has the delays we assume.",
  "How soon a fault is seen with your traffic: the alarms' windows are sized for the rehearsal's own, 40 messages a minute of its clock; docs/measured/backtest.md has the minutes for others.",
  "The plan's days: the watch of each phase is set to 0 hours (cutover:bakeHours, which only a rehearsal may); one preview shows that hours would be asked for. Counts, bounds and everything else the gate asks are as deployed.",
  "Quotas, throttling, zones that fail, DNS that spreads slowly.",
  "GoHighLevel's own behaviour beyond what its documents say; answers of a real model.",
];
