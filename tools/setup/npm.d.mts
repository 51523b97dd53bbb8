export function installedMatchesLock(root: string): boolean;
