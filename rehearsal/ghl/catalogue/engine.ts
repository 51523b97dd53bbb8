/** Where the real Pulumi engine plays what happens: file below tests/engine, and the step's name there. */
export interface EngineStep {
  readonly file: string;
  readonly step: string;
}

const url = (step: string): EngineStep => ({ file: "ghl.test.ts", step });
const secret = (step: string): EngineStep => ({ file: "ghl-secret.test.ts", step });
const proofs = (step: string): EngineStep => ({ file: "webhook-proofs.test.ts", step });

const BAD_MOMENTS = url("gets over GHL's bad moments in one up (a missing id is %i)");
const ROTATION = proofs("rotates the secret in two steps, and refuses both at once and the second too early");
const KILLED_DELETE = secret("survives kill -9 %s the secret's DELETE was done");

/** By what happens, for the most important ones. The rest is played with the provider's own methods only. */
export const ENGINE: Readonly<Record<string, EngineStep>> = {
  "429 with Retry-After": BAD_MOMENTS,
  "502 with HTML, once": BAD_MOMENTS,
  "connection reset after a PUT is done": BAD_MOMENTS,
  "POST done, answer lost, and 10 lists don't have it yet: one value only": BAD_MOMENTS,
  "200 echoing the old value: accepted, not applied": url(
    "fails on a write that is accepted and not done, keeps what it knows, and the next up writes it",
  ),
  "duplicate names": url("says that there are two of the name in preview and refresh, and writes neither"),
  "cutover:ghl.webhookValue names another value while the first is ours: refused, and the first is given back at destroy":
    url("does not leave its value for another one that the configuration names"),
  "401, API version retired": url("tells an API version that GHL retired from a bad token"),
  "401, token without the write scope": url("names the scope a token lacks, and changes nothing"),
  "token rotated before a destroy": url(
    "survives kill -9 in delete, and destroys from another shell with the rotated token",
  ),
  "destroy: the token is revoked": url(
    "destroys with today's token by --run-program, and keeps it out of debug output",
  ),
  "moved back to Node by hand: the next up after a refresh refuses": url(
    "shows a human's move back to Node in preview and refresh, and does not flip it back",
  ),
  "changed by hand, and a person allows it to be overwritten": url(
    "shows a human's move back to Node in preview and refresh, and does not flip it back",
  ),
  "deleted by hand: the next up makes it again": url(
    "shows in refresh that somebody deleted the value, makes it again, and still knows what was there before",
  ),
  "edited by a human between read and write of a destroy: not clobbered": url(
    "does not write over a human's edit between read and write of a destroy",
  ),
  "the value does not exist: first made holding today's URL": url(
    "survives kill -9 in create: one value only, holding today's URL",
  ),
  "no change: nothing is written": url("moves the webhook, and shows no change after that in up and refresh"),
  "kill -9 in create, after today's URL was made": url("survives kill -9 between POST and PUT of a create"),
  "kill -9 in update, after our URL was written": url("survives kill -9 in update: the next up finds its own write"),
  "kill -9 in delete, after today's URL was put back": url(
    "survives kill -9 in delete, and destroys from another shell with the rotated token",
  ),
  "destroy: the old address does not answer": url(
    "refuses to destroy when the old service is gone, unless CUTOVER_DESTROY accepts the loss",
  ),
  "destroy with lose-traffic: the old address does not answer": url(
    "refuses to destroy when the old service is gone, unless CUTOVER_DESTROY accepts the loss",
  ),
  "destroy in phase prepare: nothing was written, nothing is": secret(
    "adopts a value that is there, and gives it back untouched",
  ),
  "destroy at once after a create whose write was accepted and not done": secret(
    "destroys at once after a create that failed at its write",
  ),
  "destroy: the old address answers": secret(
    "keeps what it adopted when the create fails at its write: the next up writes, and knows what was there",
  ),
  "the secret does not exist: made at once": secret("makes the secret once after kill -9 before its POST was done"),
  "the secret is rotated: written over our own": secret("rotates the secret after kill -9 before its PUT was done"),
  "the secret changed by hand: refused, nothing of it is shown": secret(
    "shows a human's change of the secret without showing it, and does not write over it",
  ),
  "destroy: the secret that we made is deleted": KILLED_DELETE,
  "kill -9 in delete of the secret, after it was deleted": KILLED_DELETE,
  "rotation, first step: the next generation beside the one in GHL": ROTATION,
  "rotation, second step too early": ROTATION,
  "rotation in one step": ROTATION,
  "manual: what a person is told to set, before anything changes": proofs(
    "says in preview what a person has to set, and fails in up when no message comes",
  ),
  "manual: nobody edits the step": proofs(
    "says in preview what a person has to set, and fails in up when no message comes",
  ),
  "manual: three messages with the secret prove the step": proofs(
    "holds the step for proved after three messages with the secret",
  ),
  "manual: destroy while messages still arrive": proofs(
    "destroys only when messages no longer come or the loss is accepted",
  ),
  "before the first share: one of the newest came without the secret": proofs(
    "lets no share rise while a message comes without the secret, and says so in preview",
  ),
};
