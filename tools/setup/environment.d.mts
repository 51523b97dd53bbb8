export function installerEnv(root: string, env?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
export function pathWithout(root: string, path?: string): string;
