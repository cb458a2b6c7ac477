import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { cosignatureIn, generateKey, keyName, openCheckpoint, signCheckpoint, signerOf, verifierOf, witnessKey } from './note.js';

// The key of the tests of golang.org/x/mod/sumdb/note (note_test.go), and what it signs there.
const PETER = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const PETER_PUBLIC = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const ROOT = Buffer.alloc(32, 9);

describe('keys', () => {
  it('are those of signed notes', () => {
    const signer = signerOf(PETER);
    expect(signer.name).toBe('PeterNeumann');
    expect(signer.verifier).toBe(PETER_PUBLIC);
    const text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const id = Buffer.from('c74f20a3', 'hex');
    expect(Buffer.concat([id, signer.sign(Buffer.from(text))]).toString('base64')).toBe(
      'x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=',
    );
  });

  it('are generated, and identified by the first four bytes of a digest', () => {
    const { secret, verifier } = generateKey('example.com/redress');
    const signer = signerOf(`${secret}\n`);
    expect(signer.verifier).toBe(verifier);
    const [name, id, key] = verifier.split('+', 3) as [string, string, string];
    expect(name).toBe('example.com/redress');
    const bytes = Buffer.from(verifier.slice(name.length + id.length + 2), 'base64');
    expect(bytes).toHaveLength(33);
    expect(bytes[0]).toBe(1);
    expect(key.length).toBeGreaterThan(0);
    expect(
      createHash('sha256')
        .update(Buffer.concat([Buffer.from(`${name}\n`), bytes]))
        .digest('hex')
        .slice(0, 8),
    ).toBe(id);
    expect(generateKey('example.com/redress').secret).not.toBe(secret);
  });

  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u0001b', 'x'.repeat(201)])('refuse the name %j', (name) => {
    expect(() => generateKey(name)).toThrow(expect.objectContaining({ code: 'ledger/key' }));
  });

  it.each([
    ['nothing', ''],
    ['a public key', PETER_PUBLIC],
    ['another algorithm', PETER.replace('+AY', '+BY')],
    ['another name', PETER.replace('Peter', 'Pater')],
    ['another id', PETER.replace('c74f20a3', 'c74f20a4')],
    ['half a key', PETER.slice(0, -8)],
  ])('are not read from %s, and never shown', (_, secret) => {
    try {
      signerOf(secret);
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'ledger/key' });
      expect(String((error as Error).message)).not.toContain('YEKFALVFGyNhPJEMzD1');
    }
  });
});

describe('checkpoints', async () => {
  const signer = signerOf(PETER);
  const note = await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signer);

  it('are notes of origin, size and root', async () => {
    const [text, signature] = note.split('\n\n') as [string, string];
    expect(text).toBe('PeterNeumann\n1234\nCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQk=');
    expect(signature).toMatch(/^— PeterNeumann x08go[A-Za-z0-9+/]+={0,2}\n$/);
    expect(await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signer)).toBe(note);
    expect(openCheckpoint(note, 'PeterNeumann', [PETER_PUBLIC])).toEqual({ origin: 'PeterNeumann', size: 1234, root: ROOT, by: PETER_PUBLIC });
  });

  it.each([
    ['another size', note.replace('1234', '1235')],
    ['a size in another notation', note.replace('1234', '01234')],
    ['another root', note.replace('CQkJ', 'CQkK')],
    ['another origin', note.replace('PeterNeumann', 'PaterNeumann')],
    ['no signature', note.slice(0, note.indexOf('—'))],
    ['another key', await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signerOf(generateKey('PeterNeumann').secret))],
    ['nothing', ''],
  ])('are refused with %s', (_, bad) => {
    expect(() => openCheckpoint(bad, 'PeterNeumann', [PETER_PUBLIC])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });

  it('are not returned with a signature that their key did not make', async () => {
    const checkpoint = { origin: 'PeterNeumann', size: 1234, root: ROOT };
    const other = signerOf(generateKey('PeterNeumann').secret);
    for (const sign of [other.sign, (text: Buffer) => signer.sign(Buffer.concat([text, text])), () => Buffer.alloc(64), () => Buffer.alloc(0)])
      await expect(signCheckpoint(checkpoint, { ...signer, sign })).rejects.toMatchObject({ code: 'ledger/key' });
    expect(await signCheckpoint(checkpoint, { ...signer, sign: async (text) => signer.sign(text) })).toBe(note);
  });

  it('may be signed by a replaced key', () => {
    const { verifier } = generateKey('PeterNeumann');
    expect(openCheckpoint(note, 'PeterNeumann', [verifier, PETER_PUBLIC]).size).toBe(1234);
    expect(() => openCheckpoint(note, 'PeterNeumann', [verifier])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    expect(() => openCheckpoint(note, 'other', [PETER_PUBLIC])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });
});

describe('a checkpoint with further signatures', async () => {
  const signer = signerOf(PETER);
  const note = await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signer);
  const open = (text: string) => openCheckpoint(text, 'PeterNeumann', [PETER_PUBLIC]);
  const refused = expect.objectContaining({ code: 'ledger/corrupt' });

  it('belongs to its log, whose own signature is the first', () => {
    const witness = '— example.com/witness AAAAAAAA\n';
    expect(open(`${note}${witness}${witness}`)).toEqual(open(note));
    const [text, signature] = note.split('\n\n') as [string, string];
    expect(() => open(`${text}\n\n${witness}${signature}`)).toThrow(refused);
  });
  it('is invalid with anything before, between or after', () => {
    for (const bad of [
      `x\n${note}`,
      `${note}x`,
      `${note}\n`,
      note.replace('\n\n', '\nx\n\n'),
      note.replace('\n\n', '\n\n\n'),
      note.slice(0, -1),
      note.replace('— ', '- '),
    ])
      expect(() => open(bad)).toThrow(refused);
    expect(() => open(note.replace('PeterNeumann x08', 'PaterNeumann x08'))).toThrow(refused);
  });
  it('may be of an empty log, and of the largest number that can be written', async () => {
    for (const size of [0, 9_007_199_254_740_991]) expect(open(await signCheckpoint({ origin: 'PeterNeumann', size, root: ROOT }, signer)).size).toBe(size);
    const foreign = await signCheckpoint({ origin: 'another', size: 1, root: ROOT }, signer);
    expect(() => open(foreign)).toThrow(refused);
  });
});

describe('a public key', () => {
  it('is an Ed25519 key with a name that a note can have', () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(() => verifierOf('example.com/x', publicKey)).toThrow(expect.objectContaining({ code: 'ledger/key' }));
    const ed = generateKeyPairSync('ed25519').publicKey;
    expect(verifierOf('x'.repeat(200), ed)).toMatch(/^x{200}\+[0-9a-f]{8}\+/);
    for (const name of ['', 'x'.repeat(201), 'a b', 'a+b']) expect(() => verifierOf(name, ed)).toThrow(expect.objectContaining({ code: 'ledger/key' }));
  });
  it('is shown to people as its name and id', () => {
    expect(keyName(PETER_PUBLIC)).toBe('PeterNeumann+c74f20a3');
  });
});

describe('a witness', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(12);
  const keyOf = (name: string, type = 4, bytes: Buffer = raw) => {
    const key = Buffer.concat([Buffer.from([type]), bytes]);
    const id = createHash('sha256').update(`${name}\n`).update(key).digest().subarray(0, 4);
    return { id, text: `${name}+${id.toString('hex')}+${key.toString('base64')}` };
  };
  const W = 'example.com/witness';
  const { id, text } = keyOf(W);
  const key = witnessKey(text);
  const note = await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signerOf(PETER));
  const body = note.slice(0, note.indexOf('\n\n') + 1);
  const cosigned = (seconds: bigint, over: { name?: string; id?: Buffer; of?: string; more?: Buffer } = {}) => {
    const time = Buffer.alloc(8);
    time.writeBigUInt64BE(seconds);
    const signature = sign(null, Buffer.from(`cosignature/v1\ntime ${seconds}\n${over.of ?? body}`), privateKey);
    return `— ${over.name ?? W} ${Buffer.concat([over.id ?? id, time, signature, over.more ?? Buffer.alloc(0)]).toString('base64')}\n`;
  };
  const found = (...lines: string[]) => cosignatureIn(note, `${body}\n${lines.join('')}`, key);

  it('has a key for cosignatures, under its own name', () => {
    expect(key).toEqual({ name: W, id, raw });
    for (const bad of [
      keyOf(W, 1).text,
      keyOf('').text,
      keyOf(W, 4, raw.subarray(1)).text,
      text.replace('witness', 'other'),
      text.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
      '',
    ])
      expect(() => witnessKey(bad)).toThrow(expect.objectContaining({ code: 'ledger/key' }));
  });
  it('has cosigned if one line is valid, whatever the others are, at the time in it', () => {
    const line = cosigned(1_764_000_000n);
    expect(found(line)).toEqual({ time: '2025-11-24T16:00:00.000Z', line });
    expect(found('— other AAAA\n', 'no line\n', cosigned(1n, { of: 'x' }), line)).toEqual({ time: '2025-11-24T16:00:00.000Z', line });
    expect(found(cosigned(8_640_000_000_000n))?.time).toBe('+275760-09-13T00:00:00.000Z');
  });
  it('has not cosigned with a line of another key, of something else, with a time that is not a date, or longer', () => {
    for (const line of [
      cosigned(1n, { name: 'example.com/other' }),
      cosigned(1n, { id: Buffer.alloc(4) }),
      cosigned(1n, { of: body.replace('1234', '1235') }),
      cosigned(8_640_000_000_001n),
      cosigned(1n, { more: Buffer.alloc(1) }),
      cosigned(1n).replace('— ', '- '),
      ` ${cosigned(1n)}`,
      `${cosigned(1n).slice(0, -1)} x\n`,
      // Too short for a time.
      `— ${W} ${Buffer.concat([id, Buffer.alloc(3)]).toString('base64')}\n`,
      '',
    ])
      expect(found(line)).toBeNull();
  });
  it('is only looked for among the signatures', () => {
    const line = cosigned(1n);
    expect(cosignatureIn(note, `${body}${line}\n— other AAAA\n`, key)).toBeNull();
    // The time is part of what is signed.
    const bytes = Buffer.from(line.split(' ')[2] ?? '', 'base64');
    bytes[11] = 2;
    expect(found(`— ${W} ${bytes.toString('base64')}\n`)).toBeNull();
  });
});
