import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKey, openCheckpoint, signCheckpoint, signerOf } from './note.js';

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

  it('are made, and named by the first four bytes of a digest', () => {
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

  it.each(['', 'a b', 'a+b', 'a\nb', 'a\u0001b', 'x'.repeat(201)])('have no name %j', (name) => {
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
    ['a size that is written otherwise', note.replace('1234', '01234')],
    ['another root', note.replace('CQkJ', 'CQkK')],
    ['another origin', note.replace('PeterNeumann', 'PaterNeumann')],
    ['no signature', note.slice(0, note.indexOf('—'))],
    ['another key', await signCheckpoint({ origin: 'PeterNeumann', size: 1234, root: ROOT }, signerOf(generateKey('PeterNeumann').secret))],
    ['nothing', ''],
  ])('are refused with %s', (_, bad) => {
    expect(() => openCheckpoint(bad, 'PeterNeumann', [PETER_PUBLIC])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });

  it('are not given out with a signature that is not of their key', async () => {
    const checkpoint = { origin: 'PeterNeumann', size: 1234, root: ROOT };
    const other = signerOf(generateKey('PeterNeumann').secret);
    for (const sign of [other.sign, (text: Buffer) => signer.sign(Buffer.concat([text, text])), () => Buffer.alloc(64), () => Buffer.alloc(0)])
      await expect(signCheckpoint(checkpoint, { ...signer, sign })).rejects.toMatchObject({ code: 'ledger/key' });
    expect(await signCheckpoint(checkpoint, { ...signer, sign: async (text) => signer.sign(text) })).toBe(note);
  });

  it('may be of a key that was replaced', () => {
    const { verifier } = generateKey('PeterNeumann');
    expect(openCheckpoint(note, 'PeterNeumann', [verifier, PETER_PUBLIC]).size).toBe(1234);
    expect(() => openCheckpoint(note, 'PeterNeumann', [verifier])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
    expect(() => openCheckpoint(note, 'other', [PETER_PUBLIC])).toThrow(expect.objectContaining({ code: 'ledger/corrupt' }));
  });
});
