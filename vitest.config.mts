import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

export default defineConfig({
  resolve: {
    alias: [{ find: /^@cutover\/(domain|clients)\/(.+)$/, replacement: `${root}/$1/src/$2` }],
  },
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**", ".rehearsal/**"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
