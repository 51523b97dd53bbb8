/** Prices of one region in USD, on demand, without traffic. */
export interface RegionPrices {
  /** Fargate, Linux on x86: one vCPU for an hour. */
  readonly vcpuHour: number;
  /** Fargate, Linux on x86: one GB of memory for an hour. */
  readonly gbHour: number;
  readonly natGatewayHour: number;
  readonly loadBalancerHour: number;
  /** A public IPv4 address in use. */
  readonly publicAddressHour: number;
}

/** Where the numbers are from, and when they were taken down. Good enough for "about". */
export const PRICES_SOURCE = "AWS price pages of Fargate, VPC and Elastic Load Balancing, taken down 2026-04";

/** Hours in a month as AWS counts them. */
export const HOURS_A_MONTH = 730;

/** The region whose prices stand for one that we have not taken down: in Europe Frankfurt's, elsewhere Virginia's. */
export function standInFor(region: string | undefined): string {
  return region?.startsWith("eu-") ? "eu-central-1" : "us-east-1";
}

export const PRICES: Readonly<Record<string, RegionPrices>> = {
  "us-east-1": {
    vcpuHour: 0.04048,
    gbHour: 0.004445,
    natGatewayHour: 0.045,
    loadBalancerHour: 0.0225,
    publicAddressHour: 0.005,
  },
  "eu-west-1": {
    vcpuHour: 0.04048,
    gbHour: 0.004445,
    natGatewayHour: 0.048,
    loadBalancerHour: 0.0252,
    publicAddressHour: 0.005,
  },
  "eu-central-1": {
    vcpuHour: 0.04656,
    gbHour: 0.00511,
    natGatewayHour: 0.052,
    loadBalancerHour: 0.027,
    publicAddressHour: 0.005,
  },
};
