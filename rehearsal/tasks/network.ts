import type { TargetAddress } from "../loadbalancer/config";

/**
 * The emulated network: every task has a private address of its own, as a network interface would have, and this knows
 * the loopback port behind it. So the emulators and the program see addresses that AWS would take as `ip` targets, and
 * nothing leaves the machine: an address that is not in here leads nowhere.
 */
export class TaskNetwork {
  readonly #doors = new Map<string, number>();
  #next = 0;

  /** A private address nobody had before, within 10.200.0.0/16. */
  allocate(): string {
    this.#next++;
    if (this.#next > 65_000) throw new Error("the rehearsal's network has no address left (65,000 tasks)");
    return `10.200.${this.#next >> 8}.${this.#next & 255}`;
  }

  /** From now on `id:port` is `loopbackPort` of this machine. */
  open(address: TargetAddress, loopbackPort: number): void {
    this.#doors.set(`${address.id}:${address.port}`, loopbackPort);
  }

  close(address: TargetAddress): void {
    this.#doors.delete(`${address.id}:${address.port}`);
  }

  /** For the load balancer's `resolve`. */
  readonly resolve = (address: TargetAddress): { host: string; port: number } | undefined => {
    const port = this.#doors.get(`${address.id}:${address.port}`);
    return port === undefined ? undefined : { host: "127.0.0.1", port };
  };
}
