import { rangeOf, TOOLS } from './versions.js';
import type { NewFiles } from './write-new.js';

/** `acme-protect-tables` → `acmeProtectTables` */
export function exportName(id: string): string {
  return id.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * A package with one remediator that works: it turns on deletion protection of DynamoDB tables. Small enough to read in one go, and with one
 * of everything: names that differ by source, a hazard, an exact undo, a sweep, and a test by the conformance kit.
 */
export function remediatorFiles(id: string): NewFiles {
  const name = `redress-remediator-${id}`;
  const variable = exportName(id);
  const manifest = {
    name,
    version: '0.1.0',
    private: true,
    description: 'A remediator for Redress',
    type: 'module',
    license: 'UNLICENSED',
    engines: { node: '>=22.19' },
    sideEffects: false,
    files: ['dist', 'README.md'],
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' }, './package.json': './package.json' },
    scripts: {
      test: 'vitest run',
      typecheck: 'tsc -p .',
      build: 'tsc -p tsconfig.build.json',
      plan: 'redress plan --live',
    },
    peerDependencies: { '@redress/core': rangeOf('@redress/core') },
    dependencies: { '@aws-sdk/client-dynamodb': rangeOf('@aws-sdk/client-dynamodb') },
    devDependencies: {
      '@redress/cli': rangeOf('@redress/cli'),
      '@redress/core': rangeOf('@redress/core'),
      '@redress/testing': 'latest',
      ...TOOLS,
    },
  };
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  return {
    'package.json': json(manifest),
    'tsconfig.json': json({
      compilerOptions: {
        target: 'ES2023',
        lib: ['ES2024'],
        types: ['node'],
        module: 'NodeNext',
        moduleResolution: 'NodeNext',
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        verbatimModuleSyntax: true,
        erasableSyntaxOnly: true,
        allowImportingTsExtensions: true,
        resolveJsonModule: true,
        skipLibCheck: true,
        noEmit: true,
      },
      include: ['src', 'test'],
    }),
    'tsconfig.build.json': json({
      extends: './tsconfig.json',
      compilerOptions: {
        noEmit: false,
        allowImportingTsExtensions: false,
        rewriteRelativeImportExtensions: true,
        declaration: true,
        rootDir: 'src',
        outDir: 'dist',
      },
      include: ['src'],
    }),
    '.gitignore': 'node_modules/\ndist/\n.redress/\n.vitest/\n',
    'redress.config.mjs': `// The command line uses this file in this folder: \`npx redress plan --live\`. Node runs TypeScript directly.
import { remediators } from './src/index.ts';

export default { remediators };
`,
    'src/client.ts': `// The only file that imports an SDK client: operations that are not bound here cannot be called.
import { DescribeTableCommand, DynamoDBClient, ListTablesCommand, ListTagsOfResourceCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { defineService } from '@redress/core';

export const dynamodb = defineService({
  // The prefix of its IAM actions.
  id: 'dynamodb',
  client: DynamoDBClient,
  operations: {
    DescribeTable: { command: DescribeTableCommand },
    ListTables: { command: ListTablesCommand },
    ListTagsOfResource: { command: ListTagsOfResourceCommand },
    // A second call changes nothing more. Without this, the resource would be read before a retry.
    UpdateTable: { command: UpdateTableCommand, retry: 'idempotent' },
  },
});
`,
    [`src/${id}.ts`]: `import { type CallReader, defineRemediator, isGone, paginate, sayingOf } from '@redress/core';
import { dynamodb } from './client.ts';

/** Security Hub names a table by its ARN, AWS Config and API calls mostly by its name. */
const ARN = /^arn:[^:]+:dynamodb:([^:]+):([0-9]{12}):table\\/([^/]+)$/;

/** The resource of an API call. A record can contain anything: if it is not as expected, there is no resource. */
const namedTable: CallReader = ({ request }) => {
  const name = request?.['tableName'];
  return typeof name === 'string' && name !== '' ? [{ id: name }] : [];
};

/** Words that mark a table as short-lived: whole words, however they are joined. */
const SHORT_LIVED = ['ephemeral', 'preview', 'temporary', 'temp', 'tmp'];

/**
 * Turns on deletion protection of a table. Nothing about how it is read or written changes.
 *
 * @see https://docs.aws.amazon.com/securityhub/latest/userguide/dynamodb-controls.html#dynamodb-6
 */
export const ${variable} = defineRemediator({
  id: '${id}',
  title: 'Turn on deletion protection of a DynamoDB table',
  package: { name: '${name}', version: '0.1.0' },
  resourceTypes: ['AWS::DynamoDB::Table'],
  controls: [{ framework: 'aws-fsbp', id: 'DynamoDB.6' }],
  triggers: {
    configRules: ['DYNAMODB_TABLE_DELETION_PROTECTION_ENABLED', 'dynamodb-table-deletion-protection-enabled'],
    apiCalls: { 'dynamodb:CreateTable': namedTable, 'dynamodb:UpdateTable': namedTable },
  },
  // The most that it may ever do automatically: \`approve\` or \`notify\` where its change can break something.
  ceiling: 'enforce',
  // Tags are often set right after the table is created.
  settle: 'PT60S',
  // What no read can show, and an approver has to know.
  blindSpots: ['Stacks and pipelines that delete or replace the table: they fail until the protection is turned off.'],
  hazards: [
    {
      code: 'short-lived',
      effect: 'approve',
      what: 'Tags mark the table as ephemeral, temporary or a preview: whatever deletes it would fail.',
      advice: 'Ask its owner. Approve if the table is to stay; otherwise record an exception with an expiry date.',
    },
  ],
  rollback: { restores: 'exact', what: 'Deletion protection is turned off again.', not: [] },
  uses: {
    reads: [dynamodb.pick('DescribeTable', 'ListTables', 'ListTagsOfResource')],
    writes: [dynamodb.pick('UpdateTable')],
    // For the rollback role, which is not the role that fixes.
    undoes: [dynamodb.pick('UpdateTable')],
  },
  /** One resource has one name: one lease, one history, one exception. */
  async identify({ resource }) {
    if (!resource.id.startsWith('arn:')) return { id: resource.id };
    const [, region, account, name] = ARN.exec(resource.id) ?? [];
    return region === undefined || name === undefined || account !== resource.account ? null : { id: name, region };
  },
  /** Reads only: there are no writes in \`aws\`. It throws if the state cannot be determined. */
  async observe({ aws, resource: { id: TableName } }) {
    try {
      const { Table: table } = await aws.dynamodb.DescribeTable({ TableName });
      if (table?.TableArn === undefined) throw new Error(\`DescribeTable returned no ARN for \${TableName}, which is needed to read its tags.\`);
      const tags: Record<string, string> = {};
      for await (const tag of paginate(aws.dynamodb.ListTagsOfResource, { ResourceArn: table.TableArn }, 'Tags')) tags[tag.Key ?? ''] = tag.Value ?? '';
      const shortLived = Object.entries(tags).flatMap(([key, value]) => (sayingOf(\`\${key} \${value}\`, SHORT_LIVED) !== null ? [\`\${key}=\${value}\`] : []));
      // State: what the change writes. It is compared, approved and verified. Context: what only hazards need.
      return { state: { protected: table.DeletionProtectionEnabled === true }, context: { shortLived }, tags };
    } catch (error) {
      if (isGone(error)) return 'gone';
      throw error;
    }
  },
  /** Pure: no clock, no network. The narrowest change, and its undo. */
  plan({ state, context, resource: { id: TableName } }) {
    if (state.protected) return { status: 'compliant', message: 'Deletion protection is on.' };
    const protect = (DeletionProtectionEnabled: boolean) => dynamodb.call('UpdateTable', { TableName, DeletionProtectionEnabled });
    const shortLived = context?.shortLived ?? [];
    return {
      status: 'change',
      hazards:
        shortLived.length === 0
          ? []
          : [{ code: 'short-lived', effect: 'approve', message: \`\${TableName} may be deleted soon (\${shortLived.join(', ')}): whatever deletes it would fail.\` }],
      changes: [
        {
          call: protect(true),
          undo: { calls: [protect(false)], restores: 'exact' },
          summary: \`turn on deletion protection of \${TableName}\`,
          resolves: true,
        },
      ],
    };
  },
  /** For the sweep, which finds what events missed. */
  async *discover({ aws }) {
    const tokens = { input: 'ExclusiveStartTableName', output: 'LastEvaluatedTableName' };
    for await (const id of paginate(aws.dynamodb.ListTables, {}, 'TableNames', tokens)) yield { type: 'AWS::DynamoDB::Table', id };
  },
});
`,
    'src/index.ts': `import type { Remediator } from '@redress/core';
import { ${variable} } from './${id}.ts';

export { ${variable} };

/** Every remediator of this package. */
export const remediators: readonly Remediator[] = [${variable}];
`,
    'test/account.ts': `// A simulated account over HTTP, with only the parts of DynamoDB that the remediator uses. An emulator does the same; see README.md.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

type Tags = { Key: string; Value: string }[];
type Input = { TableName?: string; ResourceArn?: string; DeletionProtectionEnabled?: boolean; Tags?: Tags };

/** Answers on loopback until it is closed. */
export async function simulatedAccount(account = '123456789012'): Promise<{ endpoint: string; close: () => Promise<void> }> {
  const tables = new Map<string, { arn: string; protected: boolean; tags: Tags }>();

  const answer = (operation: string, input: Input, region: string): object | null => {
    if (operation === 'ListTables') return { TableNames: [...tables.keys()] };
    const name = input.TableName ?? input.ResourceArn?.split('/').at(-1) ?? '';
    if (operation === 'CreateTable')
      tables.set(name, {
        arn: \`arn:aws:dynamodb:\${region}:\${account}:table/\${name}\`,
        protected: input.DeletionProtectionEnabled === true,
        tags: input.Tags ?? [],
      });
    const table = tables.get(name);
    if (table === undefined) return null;
    if (operation === 'ListTagsOfResource') return { Tags: table.tags };
    if (operation === 'TagResource') {
      table.tags = [...table.tags.filter(({ Key }) => !input.Tags?.some((tag) => tag.Key === Key)), ...(input.Tags ?? [])];
      return {};
    }
    if (operation === 'UpdateTable') table.protected = input.DeletionProtectionEnabled ?? table.protected;
    const description = { TableName: name, TableArn: table.arn, TableStatus: 'ACTIVE', DeletionProtectionEnabled: table.protected };
    return { Table: description, TableDescription: description };
  };

  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      const region = /Credential=[^/]+\\/\\d+\\/([^/]+)\\//.exec(request.headers.authorization ?? '')?.[1] ?? 'us-east-1';
      const body = answer(operation, JSON.parse(text) as Input, region);
      response.writeHead(body === null ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'simulated' });
      response.end(JSON.stringify(body ?? { __type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException', message: 'Requested resource not found' }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: \`http://127.0.0.1:\${(server.address() as AddressInfo).port}\`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
`,
    [`test/${id}.test.ts`]: `// The conformance kit tests every promise that Redress makes for the remediator, with the real SDK over HTTP.
import { CreateTableCommand, type CreateTableCommandInput, DescribeTableCommand, DynamoDBClient, TagResourceCommand, UpdateTableCommand } from '@aws-sdk/client-dynamodb';
import { resource } from '@redress/core';
import { cloudTrailEvent, describeRemediator, type Scenario, type Sdk } from '@redress/testing';
import { afterAll, expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { ${variable} } from '../src/index.ts';
import { simulatedAccount } from './account.ts';

// An emulator, or the simulated account.
const given = process.env['REDRESS_TEST_ENDPOINT'];
const own = given === undefined ? await simulatedAccount() : null;
afterAll(() => own?.close());

const clientOf = (sdk: Sdk) => new DynamoDBClient(sdk.config);
const tableOf = (sdk: Sdk, id: string) => resource({ type: 'AWS::DynamoDB::Table', id, account: sdk.account, region: sdk.region });

async function table(sdk: Sdk, more: Partial<CreateTableCommandInput> = {}) {
  const TableName = sdk.name('orders');
  await clientOf(sdk).send(
    new CreateTableCommand({
      TableName,
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
      ...more,
    }),
  );
  return tableOf(sdk, TableName);
}

const common: Pick<Scenario, 'tag' | 'rest' | 'breakAgain'> = {
  tag: async (sdk, { id, region, account }, Key, Value) => {
    await clientOf(sdk).send(new TagResourceCommand({ ResourceArn: \`arn:aws:dynamodb:\${region}:\${account}:table/\${id}\`, Tags: [{ Key, Value }] }));
  },
  // What may not change: everything except the protection.
  rest: async (sdk, { id }) => {
    const { Table } = await clientOf(sdk).send(new DescribeTableCommand({ TableName: id }));
    return { arn: Table?.TableArn, status: Table?.TableStatus, keys: Table?.KeySchema };
  },
  breakAgain: async (sdk, { id }) => {
    await clientOf(sdk).send(new UpdateTableCommand({ TableName: id, DeletionProtectionEnabled: false }));
  },
};

describeRemediator(${variable}, {
  account: { endpoint: given ?? own?.endpoint ?? '', accountId: '123456789012' },
  scenarios: [
    { ...common, name: 'a table without protection', expect: 'change', arrange: (sdk) => table(sdk, { Tags: [{ Key: 'team', Value: 'payments' }] }) },
    {
      ...common,
      name: 'a table that was just created',
      expect: 'change',
      arrange: (sdk) => table(sdk),
      event: ({ id, account, region }) =>
        cloudTrailEvent({ account, region, service: 'dynamodb', operation: 'CreateTable', request: { tableName: id, billingMode: 'PAY_PER_REQUEST' } }),
    },
    {
      ...common,
      name: 'a table for a preview',
      expect: 'change',
      hazards: ['short-lived'],
      arrange: (sdk) => table(sdk, { Tags: [{ Key: 'stage', Value: 'preview' }] }),
    },
    { ...common, name: 'a table with protection', expect: 'compliant', arrange: (sdk) => table(sdk, { DeletionProtectionEnabled: true }) },
    { name: 'a table that is gone', expect: 'compliant', arrange: async (sdk) => tableOf(sdk, sdk.name('gone')) },
  ],
});

it('appears in plans with the name and version of its package', () => {
  expect(${variable}.package).toEqual({ name: manifest.name, version: manifest.version });
});

it('identifies a table by its ARN', async () => {
  const { identify } = ${variable};
  const named = (id: string) => identify?.({ aws: {} as never, resource: resource({ type: 'AWS::DynamoDB::Table', id, account: '111111111111', region: 'eu-west-1' }) });
  expect(await named('orders')).toEqual({ id: 'orders' });
  expect(await named('arn:aws:dynamodb:eu-west-1:111111111111:table/orders')).toEqual({ id: 'orders', region: 'eu-west-1' });
  expect(await named('arn:aws:dynamodb:eu-west-1:222222222222:table/orders')).toBeNull();
});
`,
    'README.md': `# ${name}

A remediator for Redress that turns on deletion protection of DynamoDB tables. It works as it is. Change it to suit your needs.

## Use

\`\`\`sh
npm install
npm test
npm run typecheck
npx redress plan --live
\`\`\`

\`npm test\` runs the conformance kit of \`@redress/testing\`. It tests that a dry run writes nothing, a fix is made once, a rollback restores what
was there, exceptions are respected, and lost replies and dead workers are detected. It uses the simulated account in \`test/account.ts\`. To use an emulator:

\`\`\`sh
pip install "moto[server]"
moto_server --port 5000
REDRESS_TEST_ENDPOINT=http://127.0.0.1:5000 npm test
\`\`\`

\`redress plan --live\` reads the account of your credentials, through \`redress.config.mjs\`, and changes nothing.

## What to change

1. \`src/client.ts\`: the operations that it may call. No other operation can be called.
2. \`src/${id}.ts\`: what it reads, what it changes, how that is undone, what could break, and what no read can show.
3. \`test/\`: a scenario for each answer of \`plan\`, and for each hazard.
4. \`package.json\`: \`name\`, \`version\` (also in \`src/${id}.ts\`), \`license\`; remove \`private\` to publish it.

In doubt, choose \`notify\`. A remediator whose change can break production does not get the ceiling \`enforce\`.

## IAM permissions

\`npx redress remediators\` lists them. To read: \`dynamodb:DescribeTable\`, \`dynamodb:ListTables\`, \`dynamodb:ListTagsOfResource\`. To fix, and to roll back: \`dynamodb:UpdateTable\`.

## License

None yet: \`package.json\` says \`UNLICENSED\`. The files that \`redress new\` wrote are yours, without conditions. Choose a license, and put its text into \`LICENSE\`.
`,
  };
}
