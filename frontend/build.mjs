// Bundles src/ into one file whose name carries a digest of its bytes, and removes the one before.
import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build, transform } from "esbuild"

const here = dirname(fileURLToPath(import.meta.url))
const assets = resolve(here, "../streamlit_redis_session/widget/assets")
const target = ["chrome111", "firefox113", "safari16.4"]

const inlineCss = {
  name: "inline-css",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\.css\?inline$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\?inline$/, "")),
      namespace: "inline-css",
    }))
    onLoad({ filter: /.*/, namespace: "inline-css" }, async ({ path }) => {
      const css = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
        target,
      })
      return { contents: css.code.trim(), loader: "text" }
    })
  },
}

const { outputFiles } = await build({
  absWorkingDir: here,
  entryPoints: ["src/index.ts"],
  bundle: true,
  minify: true,
  format: "esm",
  target,
  charset: "utf8",
  legalComments: "none",
  // Streamlit takes a one-line string for a path; this line keeps the inline fallback working.
  banner: { js: "// streamlit-redis-session: the version graph. Built from frontend/src." },
  plugins: [inlineCss],
  write: false,
})
const bundle = outputFiles[0].contents
const name = `index-${createHash("sha256").update(bundle).digest("hex").slice(0, 10)}.js`

await mkdir(assets, { recursive: true })
for (const file of await readdir(assets)) {
  if (/^index-.*\.(js|css)$/.test(file) && file !== name) await rm(join(assets, file))
}
await writeFile(join(assets, name), bundle)
const kb = (bytes) => `${(bytes / 1000).toFixed(1)} kB`
console.log(`${name}: ${kb(bundle.length)}, gzip ${kb(gzipSync(bundle, { level: 9 }).length)}`)
