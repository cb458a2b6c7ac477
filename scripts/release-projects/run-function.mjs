// In a folder with nothing but the unpacked ZIP: a schedule's event, as Lambda would give it.
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(resolve('index.mjs')).href);

const event = {
  version: '0',
  id: crypto.randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: '123456789012',
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  region: 'us-east-1',
  resources: ['arn:aws:events:us-east-1:123456789012:rule/redress-sweep'],
  detail: {},
};
const answer = await handler(event, { awsRequestId: crypto.randomUUID(), getRemainingTimeInMillis: () => 120_000 });
process.stdout.write(`\n${JSON.stringify(answer)}`);
