import { defineConfig } from "vite";

export default defineConfig({
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
