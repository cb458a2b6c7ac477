import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connect } from '@redress/core';
import { afterAll, expect, it } from 'vitest';
import { command } from '../../test/support/command.js';
import type { DoctorDocument } from '../commands/doctor.js';

const directory = mkdtempSync(join(tmpdir(), 'redress-global-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

// The credentials belong to another account than the one that is asked about, so nothing of it is looked at.
const connect: Connect = async () => ({ config: {}, identity: async () => ({ account: '111111111111', arn: 'arn:aws:iam::111111111111:user/someone' }) });

it.each([
  ['eu-west-1', 'us-east-1'],
  // One control plane for both regions of China, and it is in Beijing; the gate asks IAM there, too.
  ['cn-northwest-1', 'cn-north-1'],
  ['us-gov-east-1', 'us-gov-west-1'],
])('in %s doctor looks for rules of global services in %s', async (region, global) => {
  const { out } = await command(['doctor', '--live', '--account', '222222222222', '--region', region, '--json'], directory, { connect });
  expect((JSON.parse(out) as DoctorDocument).regions).toEqual([region, global]);
});
