// A scan of an emulated account by Prowler.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonOf } from '../../../scripts/setup.mjs';

const run = promisify(execFile);

/** One row of a scan: what a check says of a resource. */
export interface Row {
  readonly check: string;
  readonly status: 'PASS' | 'FAIL' | 'MANUAL';
  readonly uid: string;
  readonly name: string;
  readonly why: string;
}

/** Where a scan asks. */
export interface Scanned {
  readonly region: string;
  readonly services: readonly string[];
  readonly endpoint: string;
  /** Other endpoints, by the service's id as environment variables have it: `REDSHIFT`. */
  readonly others: Readonly<Record<string, string>>;
}

/** Scans, and answers a row for each check and resource. */
export async function scan({ region, services, endpoint, others }: Scanned): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'redress-prowler-'));
  const flags = ['--no-banner', '--no-color', '--ignore-exit-code-3', '--aws-retries-max-attempts', '1', '--scan-unused-services', '--log-level', 'CRITICAL'];
  try {
    await run(
      pythonOf('prowler'),
      [
        join(import.meta.dirname, '..', 'prowler', 'scan.py'),
        'aws',
        '--services',
        ...services,
        '-f',
        region,
        '-M',
        'csv',
        '-o',
        folder,
        '-F',
        'scan',
        ...flags,
      ],
      {
        maxBuffer: 64 * 1024 * 1024,
        env: {
          PATH: process.env['PATH'],
          HOME: folder,
          AWS_ACCESS_KEY_ID: 'testing',
          AWS_SECRET_ACCESS_KEY: 'testing',
          AWS_DEFAULT_REGION: region,
          AWS_EC2_METADATA_DISABLED: 'true',
          AWS_ENDPOINT_URL: endpoint,
          ...Object.fromEntries(Object.entries(others).map(([id, url]) => [`AWS_ENDPOINT_URL_${id}`, url])),
        },
      },
    );
    return rowsOf(readFileSync(join(folder, 'scan.csv'), 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function rowsOf(text: string): readonly Row[] {
  const [head = [], ...rows] = cells(text);
  const at = (name: string) => {
    const found = head.indexOf(name);
    if (found === -1) throw new Error(`Prowler's CSV has no ${name}: ${head.join(', ')}`);
    return found;
  };
  const [check, status, uid, name, why] = [at('CHECK_ID'), at('STATUS'), at('RESOURCE_UID'), at('RESOURCE_NAME'), at('STATUS_EXTENDED')];
  return rows.map((row) => ({
    check: row[check] as string,
    status: row[status] as Row['status'],
    uid: row[uid] as string,
    name: row[name] as string,
    why: row[why] as string,
  }));
}

/** CSV with semicolons, and quotes around what has one, a quote or a new line in it. */
function cells(text: string): string[][] {
  const rows: string[][] = [];
  let [row, cell, quoted]: [string[], string, boolean] = [[], '', false];
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] as string;
    if (quoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') cell += text[++at];
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === ';' || letter === '\n') {
      row.push(cell);
      cell = '';
      if (letter === ';') continue;
      rows.push(row);
      row = [];
    } else if (letter !== '\r') cell += letter;
  }
  return rows;
}
