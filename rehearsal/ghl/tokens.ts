/** What a token of the stand-in GHL may do. */
export interface TokenRights {
  /** Location it belongs to; undefined for an agency token. */
  readonly locationId: string | undefined;
  readonly scopes: readonly string[];
}

export const READ_SCOPE = "locations/customValues.readonly";
export const WRITE_SCOPE = "locations/customValues.write";

/** The tokens every stand-in starts with. They look like private integration tokens and open nothing anywhere. */
export const TOKENS = {
  /** May read and write custom values of the location. */
  write: "pit-5a0d3c1e-0000-4000-8000-0000000write",
  readonly: "pit-5a0d3c1e-0000-4000-8000-00000000read",
  /** Made at agency level: refused inside a location. */
  agency: "pit-5a0d3c1e-0000-4000-8000-000000agency",
  otherLocation: "pit-5a0d3c1e-0000-4000-8000-0000000other",
} as const;

export function tokenFixtures(locationId: string): Map<string, TokenRights> {
  return new Map<string, TokenRights>([
    [TOKENS.write, { locationId, scopes: [READ_SCOPE, WRITE_SCOPE] }],
    [TOKENS.readonly, { locationId, scopes: [READ_SCOPE] }],
    [TOKENS.agency, { locationId: undefined, scopes: [READ_SCOPE, WRITE_SCOPE] }],
    [TOKENS.otherLocation, { locationId: `${locationId}-other`, scopes: [READ_SCOPE, WRITE_SCOPE] }],
  ]);
}
