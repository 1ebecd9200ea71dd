import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

const read = (path: string) => readFileSync(new URL(path, import.meta.url), "utf8");

/** What is in the page has its licence beside it. Others than these would need a look first. */
function licences(): Plugin {
  const { packages } = JSON.parse(read("./package-lock.json"));
  const shipped = Object.entries<{ dev?: boolean; version: string; license: string }>(packages).filter(([path, { dev }]) => path && !dev);
  const texts = shipped.map(([path, { version, license }]) => {
    if (license !== "MIT") throw new Error(`${path} is under ${license}`);
    return `${path.replace("node_modules/", "")} ${version}\n\n${read(`./${path}/LICENSE`).trim()}\n`;
  });
  const source = texts.join("\n---\n\n");
  return {
    name: "licences",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "assets/licences.txt", source });
    },
  };
}

export default defineConfig({
  plugins: [licences()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2023",
    modulePreload: { polyfill: false },
    // A data address in a style is one that the page's policy refuses.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  server: {
    proxy: Object.fromEntries(
      ["/v1", "/signin", "/docs", "/explorer", "/openapi.json"].map((path) => [
        path,
        process.env.DEALERBOARD_URL ?? "http://127.0.0.1:8080",
      ]),
    ),
  },
});
