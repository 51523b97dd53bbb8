import type { ListenerConfig, RuleAction } from "./config";

/** The Location of a redirect action: `#{protocol}`, `#{host}`, `#{port}`, `#{path}` and `#{query}` keep what was asked. */
export function redirectLocation(
  action: Extract<RuleAction, { type: "redirect" }>,
  listener: ListenerConfig,
  hostHeader: string,
  url: string,
): string {
  const at = url.indexOf("?");
  const path = at < 0 ? url : url.slice(0, at);
  const asked: Record<string, string> = {
    protocol: listener.protocol.toLowerCase(),
    host: hostHeader.replace(/:\d+$/, ""),
    port: String(listener.port),
    path: path.replace(/^\//, ""),
    query: at < 0 ? "" : url.slice(at + 1),
  };
  const fill = (text: string) => text.replaceAll(/#\{(\w+)\}/g, (whole, name: string) => asked[name] ?? whole);
  const query = fill(action.query);
  const target = fill(action.path);
  const protocol = fill(action.protocol).toLowerCase();
  return `${protocol}://${fill(action.host)}:${fill(action.port)}${target.startsWith("/") ? "" : "/"}${target}${query ? `?${query}` : ""}`;
}
