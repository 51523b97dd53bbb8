import type { FrontDoorProof as Proof } from "@cutover/clients/frontdoor/prove";
import * as pulumi from "@pulumi/pulumi";

type Inputs = Proof & { readonly subject: string };
type Client = typeof import("@cutover/clients/frontdoor/prove");

/** Glue only: what it does is in clients/frontdoor, required when it runs, so that the text in the state never changes. */
const provider: pulumi.dynamic.ResourceProvider<Inputs, Omit<Inputs, "probeKey">> = {
  async diff(_id, olds, news) {
    return { changes: olds.domain !== news.domain || olds.subject !== news.subject };
  },
  async create({ probeKey, ...inputs }) {
    const { proveFrontDoor }: Client = require("@cutover/clients/frontdoor/prove");
    await proveFrontDoor({ ...inputs, probeKey });
    return { id: inputs.domain, outs: inputs };
  },
  async update(_id, _olds, { probeKey, ...inputs }) {
    const { proveFrontDoor }: Client = require("@cutover/clients/frontdoor/prove");
    await proveFrontDoor({ ...inputs, probeKey });
    return { outs: inputs };
  },
};

export interface FrontDoorProofArgs {
  readonly domain: pulumi.Input<string>;
  /** Path that Node answers with 2xx. */
  readonly path: pulumi.Input<string>;
  readonly probeKey: pulumi.Input<string>;
  /** Answers in a row. */
  readonly probes: pulumi.Input<number>;
  readonly deadlineSeconds: pulumi.Input<number>;
  /** What was proved; a change of it asks for a new proof. The load balancer's ARN. */
  readonly subject: pulumi.Input<string>;
}

/** Holds while the public name led to Node through this load balancer; the webhook depends on it. */
export class FrontDoorProof extends pulumi.dynamic.Resource {
  constructor(name: string, args: FrontDoorProofArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "cutover", "FrontDoorProof");
  }
}
