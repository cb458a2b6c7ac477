import { type Data, exists } from '../compose.js';
import { CliError } from '../errors.js';
import { type Answer, type Io, painter } from '../io.js';
import { printable } from '../printable.js';

/** Checks the records of the data folder. Reads only, needs no account and no policy. */
export async function evidenceVerifyCommand(io: Io, data: Data): Promise<Answer> {
  if (!(await exists(data.directory)))
    throw new CliError('cli/not-found', `There is no evidence in ${data.shown}.`, { place: { file: data.shown }, next: 'Give its folder with --data.' });
  const { verifyFolder } = await import('@redress/evidence/verify');
  const result = verifyFolder(data.directory);
  const paint = painter(io);
  const style = result.status === 'intact' ? 'green' : result.status === 'tampered' ? 'red' : 'yellow';
  const lines = [
    `${paint(style, result.status)}  ${printable(data.shown)}: ${result.records} records in ${result.streams} streams, ${result.executions} executions (${result.openExecutions} open), ${result.documents} documents`,
    ...(result.firstBad === null
      ? []
      : [
          `first bad record: ${printable(`${result.firstBad.file}:${result.firstBad.line ?? '-'}`)}${result.firstBad.seq === null ? '' : ` (record ${result.firstBad.seq})`}: ${printable(result.firstBad.message)} (${printable(result.firstBad.code)})`,
        ]),
    ...result.limits.map((limit) => `limit: ${printable(limit)}`),
  ];
  return { json: result, text: lines.join('\n'), exit: result.status === 'intact' ? 0 : result.status === 'tampered' ? 1 : 2 };
}
