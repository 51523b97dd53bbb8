import { defineConfig } from "vitest/config";

const root = import.meta.dirname;

/** What starts the real engine, the emulators or a whole rehearsal: minutes, one after the other. */
const real = ["tests/**/*.test.ts", "**/*.proof.ts"];
const never = ["**/node_modules/**", "**/dist/**", ".rehearsal/**"];

export default defineConfig({
  resolve: {
    alias: [{ find: /^@cutover\/(domain|clients)\/(.+)$/, replacement: `${root}/$1/src/$2` }],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: "fast",
          // A declaration of the whole stack makes and drops some hundred megabytes.
          execArgv: ["--max-semi-space-size=64"],
          include: ["**/*.test.ts"],
          exclude: [...never, ...real],
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: "real",
          include: real,
          exclude: never,
          fileParallelism: false,
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
});
