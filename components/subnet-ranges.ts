export interface SubnetRanges {
  /** A /24 a zone: the load balancer's. */
  readonly public: readonly string[];
  /** A /20 a zone: the tasks'. */
  readonly private: readonly string[];
}

/** Cuts a /16 into ranges for two zones. @throws RangeError for anything but a /16. */
export function subnetRanges(cidr: string): SubnetRanges {
  const match = /^(\d{1,3})\.(\d{1,3})\.0\.0\/16$/.exec(cidr);
  if (!match || Number(match[1]) > 255 || Number(match[2]) > 255) {
    throw new RangeError(`network range ${cidr}: expected a /16 that ends in .0.0, such as 10.42.0.0/16`);
  }
  const prefix = `${match[1]}.${match[2]}`;
  return {
    public: [`${prefix}.0.0/24`, `${prefix}.1.0/24`],
    private: [`${prefix}.16.0/20`, `${prefix}.32.0/20`],
  };
}
