// External projects that only use the released packages: part of `npm run release:dry`.
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startMoto } from './moto.mjs';
import { NODE, PYTHON, ROOT } from './setup.mjs';

const PROGRAMS = join(ROOT, 'scripts', 'release-projects');
const ACCOUNT = {
  AWS_ACCESS_KEY_ID: 'dry',
  AWS_SECRET_ACCESS_KEY: 'dry',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
};
const RUNBOOKS = '@redress/remediator-ssm';
/** The packages of the functions, besides remediators. */
const PARTS = ['bundle', 'connect', 'core', 'evidence', 'lambda-runtime', 'notify'].map((each) => `@redress/${each}`);

const read = (file) => JSON.parse(readFileSync(file, 'utf8'));
/** The last JSON that a program printed, possibly after log lines. */
const lastLine = (text) => JSON.parse(text.trim().split('\n').at(-1));

/** Projects in a folder. Their npm uses the registry of the rehearsal. */
export function projects({ work, run, env, npmEnv }) {
  let count = 0;
  const place = (name) => join(work, `project-${++count}-${name}`);
  const projectIn = (folder) => {
    const npm = (...args) => run('npm', args, { cwd: folder, env: npmEnv });
    const program = async (file, args = [], more = {}) => {
      copyFileSync(join(PROGRAMS, file), join(folder, file));
      return lastLine(await run(NODE, [file, ...args], { cwd: folder, env: { ...npmEnv, ...more } }));
    };
    /** `name@version` of everything below node_modules. */
    const has = () =>
      Object.entries(read(join(folder, 'node_modules', '.package-lock.json')).packages)
        .map(([path, { version }]) => `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)}@${version}`)
        .sort();
    const ours = () => has().filter((each) => each.startsWith('@redress/'));
    return { folder, npm, program, has, ours };
  };
  const emptyProject = (name) => {
    const folder = place(name);
    mkdirSync(folder);
    writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
    return projectIn(folder);
  };

  /** Uses the release in one project after the other. If one fails, the others are still checked. */
  async function useReleased({ versions, bumped, say, check, same }) {
    const newest = (...wanted) => wanted.map((name) => `${name}@${versions[name]}`);
    const moto = await startMoto();
    const account = { ...ACCOUNT, ENDPOINT: moto.endpoint };
    const part = async (what, use) => {
      say(`${what} …`);
      try {
        await use();
      } catch (error) {
        check(`${what}: it works`, false, error.message);
      }
    };
    const plans = { [bumped]: ['plan-bucket.mjs', 'PutBucketEncryption'], [RUNBOOKS]: ['plan-key.mjs', 'StartAutomationExecution'] };
    try {
      for (const name of Object.keys(versions).filter((each) => each.startsWith('@redress/remediator-')))
        await part(`${name} alone`, async () => {
          const alone = emptyProject(name.slice('@redress/'.length));
          await alone.npm('install', name);
          same(`${name} alone: core comes with it, and nothing else of ours`, alone.ours(), newest('@redress/core', name));
          const { version, remediators } = await alone.program('alone.mjs', [name]);
          check(
            `${name} alone: its remediators compose, and are of the version that was installed`,
            version === versions[name] && remediators.length > 0 && remediators.every(({ from }) => from === `${name}@${version}`),
            remediators.map(({ id, from }) => `${id} of ${from}`).join(', '),
          );
          if (plans[name] === undefined) return;
          const [program, operation] = plans[name];
          await alone.npm('install', '@redress/connect');
          same(`${name} with a connection: the same, and the connection`, alone.ours(), newest('@redress/connect', '@redress/core', name));
          same(`${name} with a connection: it plans on an emulated account`, await alone.program(program, [], account), [operation]);
        });

      await part('a project that makes the functions', async () => {
        const functions = emptyProject('functions');
        await functions.npm('install', '@redress/core', '@redress/bundle', bumped, RUNBOOKS);
        same('a project with @redress/bundle: it has what functions are made of, each once', functions.ours(), newest(...PARTS, bumped, RUNBOOKS));
        const made = await functions.program('make-functions.mjs');
        check('its ZIP has the same bytes twice', made.digests[0] === made.digests[1] && /^sha256:/.test(made.digests[0]), made.digests.join(', '));
        same(
          'its ZIP has the code of the installed packages',
          made.packages.filter((each) => each.startsWith('@redress/')),
          newest(...PARTS, bumped, RUNBOOKS),
        );
        check(
          'its ZIP has a start, its source maps and a list of its packages',
          ['index.mjs', 'index.mjs.map', 'sbom.cdx.json'].every((file) => made.files.includes(file)),
          made.files.join(', '),
        );
        await functions.program('seed-account.mjs', [], account);
        // Without node_modules above it: the ZIP has to contain everything.
        const unpacked = join(work, 'function');
        await run(PYTHON, ['-m', 'zipfile', '-e', join(functions.folder, 'redress.zip'), unpacked]);
        const before = await functions.program('read-bucket.mjs', [], account);
        const lambda = {
          ...env,
          ...account,
          AWS_ENDPOINT_URL: moto.endpoint,
          REDRESS_TABLE: 'journal',
          REDRESS_BUCKET: 'journal',
          REDRESS_STOP_PARAMETER: 'stop',
          REDRESS_SWEEP_REGIONS: 'us-east-1',
          REDRESS_ACCOUNT: '123456789012',
        };
        copyFileSync(join(PROGRAMS, 'run-function.mjs'), join(unpacked, 'run-function.mjs'));
        const { sweeps } = lastLine(await run(NODE, ['run-function.mjs'], { cwd: unpacked, env: lambda }));
        const after = await functions.program('read-bucket.mjs', [], account);
        const found = JSON.stringify({ sweeps, before, after });
        check('there is a gap in the emulated account, and no record of it', before.encryption !== 'AES256' && before.kinds.length === 0, found);
        check('the function of the ZIP sweeps the account, and closes the gap', sweeps?.[0]?.status === 'complete' && after.encryption === 'AES256', found);
        check('and records it in the journal on AWS', after.kinds.includes('intent') && after.kinds.includes('outcome'), found);
      });

      const desk = emptyProject('desk');
      const command = join(desk.folder, 'node_modules', '.bin', 'redress');
      await part('the installed command, and its `new handler`', async () => {
        await desk.npm('install', '@redress/cli');
        const version = (await run(command, ['--version'], { cwd: desk.folder, env })).trim();
        check('the installed command says its version', version === versions['@redress/cli'], version);
        const handler = place('our-redress');
        await run(command, ['new', 'handler', handler], { cwd: desk.folder, env });
        await projectIn(handler).npm('install');
        const bundled = JSON.parse(await projectIn(handler).npm('run', '--silent', 'bundle', '--', '--json'));
        same(
          'a package of `redress new handler` bundles the remediators that it lists, from the registry',
          bundled.packages.map((each) => `${each.name}@${each.version}`).filter((each) => each.startsWith('@redress/')),
          newest(...PARTS, ...['cloudwatch-logs', 'ec2', 'iam', 's3'].map((each) => `@redress/remediator-${each}`)),
        );
        check('and writes its ZIP', existsSync(join(handler, bundled.zip)), bundled.zip);
      });
      await part('a package of `redress new remediator`', async () => {
        const own = place('acme');
        await run(command, ['new', 'remediator', 'acme-dynamodb-protect-tables', '--dir', own], { cwd: desk.folder, env });
        await projectIn(own).npm('install');
        for (const script of ['typecheck', 'test', 'build']) {
          const wrong = await projectIn(own)
            .npm('run', '--silent', script)
            .then(
              () => '',
              (error) => error.message,
            );
          check(`a package of \`redress new remediator\`, with what it needs from the registry: npm run ${script}`, wrong === '', wrong);
        }
      });

      await part('all packages together', async () => {
        const everything = emptyProject('everything');
        await everything.npm('install', ...Object.keys(versions));
        same('all packages go together, each once', everything.ours(), newest(...Object.keys(versions)));
        const problems = await everything.npm('ls', '--all', '--json').then(
          (out) => JSON.parse(out).problems ?? [],
          (error) => [error.message],
        );
        same('and npm finds nothing missing or out of range among them', problems, []);
      });
    } finally {
      await moto.stop();
    }
  }
  return { emptyProject, useReleased };
}
