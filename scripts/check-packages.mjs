// Checks tarballs as they would be published: publint, strictly, and whether their types resolve for ES modules (Are the Types Wrong?, its profile
// `esm-only`). One process for all: most of the time of their commands is their start. Prints the problems, and exits with 1 if there are any.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** Ways to resolve that packages of ES modules alone do not have. */
const NOT_ESM = ['node10', 'node16-cjs'];

async function problemsOf(path) {
  const bytes = Uint8Array.from(readFileSync(path));
  const { messages, pkg } = await publint({ pack: { tarball: bytes.buffer }, strict: true });
  const analysis = await checkPackage(createPackageFromTarballData(bytes));
  return [
    ...messages.map((message) => `publint: ${formatMessage(message, pkg) ?? message.code}`),
    ...(analysis.types === false ? ['it has no types'] : analysis.problems.filter(({ resolutionKind }) => !NOT_ESM.includes(resolutionKind)).map(textOf)),
  ];
}

const textOf = (problem) => `types: ${JSON.stringify(problem)}`;

let found = 0;
for (const path of process.argv.slice(2))
  for (const problem of await problemsOf(path)) {
    found++;
    console.log(`${basename(path)}: ${problem}`);
  }
process.exitCode = found === 0 ? 0 : 1;
