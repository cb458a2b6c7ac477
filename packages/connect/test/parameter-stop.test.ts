// The kill switch in a parameter, on the emulator.
import { DeleteParameterCommand, ListTagsForResourceCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { afterAll, expect, inject, it } from 'vitest';
import { parameterKey, parameterStop, parameterTags } from '../src/index.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Endpoint of the AWS emulator. */
    moto: string;
  }
}

const endpoint = inject('moto');
const ssm = new SSMClient({ region: 'us-east-1', endpoint });
const name = `/redress/stop-${process.pid}`;
const put = (value: string) => ssm.send(new PutParameterCommand({ Name: name, Value: value, Type: 'String', Overwrite: true }));
afterAll(() => ssm.destroy());

it('is read again each time', async () => {
  const stop = parameterStop({ name, region: 'us-east-1', endpoint });
  for (const value of ['none', 'changes', 'everything', 'none']) {
    await put(value);
    expect(await stop.read()).toBe(value);
  }
});

it.each(['', 'off', 'NONE', 'none,changes', 'false'])('refuses any other value: %s', async (value) => {
  await put(value === '' ? ' ' : value);
  await expect(parameterStop({ name, region: 'us-east-1', endpoint }).read()).rejects.toMatchObject({ code: 'aws/unknown' });
});

it('cannot be read if it does not exist, which differs from none', async () => {
  await put('none');
  await ssm.send(new DeleteParameterCommand({ Name: name }));
  await expect(parameterStop({ name, region: 'us-east-1', endpoint }).read()).rejects.toMatchObject({ code: 'aws/unreachable', retryable: true });
  await expect(parameterStop({ name, region: 'us-east-1', endpoint: 'http://127.0.0.1:1' }).read()).rejects.toMatchObject({ code: 'aws/unreachable' });
});

it('a redaction key is read from an encrypted parameter, and a missing one is an error', async () => {
  const Name = `/redress/key-${process.pid}`;
  await ssm.send(new PutParameterCommand({ Name, Value: 'a key of sixteen characters or more', Type: 'SecureString' }));
  expect(await parameterKey({ name: Name, region: 'us-east-1', endpoint })()).toBe('a key of sixteen characters or more');
  await ssm.send(new DeleteParameterCommand({ Name }));
  await expect(parameterKey({ name: Name, region: 'us-east-1', endpoint })()).rejects.toMatchObject({ code: 'aws/unreachable', retryable: true });
  expect(() => parameterKey({ name: ' ' })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
});

it('needs a name', () => {
  expect(() => parameterStop({ name: ' ' })).toThrow(expect.objectContaining({ code: 'compose/invalid' }));
});

it('a canary tags its parameter, with the given credentials and no others', async () => {
  await put('none');
  const at = { region: 'us-east-1', endpoint };
  const tag = { ResourceType: 'Parameter', ResourceId: name, Tags: [{ Key: 'redress:canary', Value: '1' }] } as const;
  const tags = async () => (await ssm.send(new ListTagsForResourceCommand({ ResourceType: 'Parameter', ResourceId: name }))).TagList;
  const input = () => ({ ...tag, Tags: [...tag.Tags] });
  // The environment has credentials; a profile that nobody has must not fall back to them.
  await expect(parameterTags({ ...at, profile: 'nobody' })(input())).rejects.toThrow('Could not load credentials');
  expect(await tags()).toEqual([]);
  await parameterTags(at)(input());
  expect(await tags()).toEqual(tag.Tags);
});
