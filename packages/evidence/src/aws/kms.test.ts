// The signer over KMS, with a client that responds like KMS and really signs.
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../ledger/note.js';
import { kmsSigner } from './kms.js';

/** A fake of KMS that describes a key and signs with it. It keeps the requests. */
function kms(key: { publicKey: KeyObject; privateKey: KeyObject }, more: object = {}) {
  const asked: { name: string; input: Record<string, unknown> }[] = [];
  return {
    asked,
    async send(command: { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> }): Promise<unknown> {
      const { input } = command;
      asked.push({ name: command.constructor.name, input });
      if (command.constructor.name === 'GetPublicKeyCommand')
        return {
          ...{ KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY', SigningAlgorithms: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
          PublicKey: new Uint8Array(key.publicKey.export({ format: 'der', type: 'spki' })),
          ...more,
        };
      if (input['SigningAlgorithm'] !== 'ED25519_SHA_512' || input['MessageType'] !== 'RAW')
        throw Object.assign(new Error('ED25519_SHA_512 signing algorithm requires MessageType:RAW'), { name: 'ValidationException' });
      return { Signature: new Uint8Array(sign(null, Buffer.from(input['Message'] as Uint8Array), key.privateKey)) };
    },
  };
}
const root = Buffer.alloc(32, 9);

describe('a key in KMS', () => {
  it('signs the checkpoint itself, and verifiers accept it like one that was signed by a file key', async () => {
    const client = kms(generateKeyPairSync('ed25519'));
    const signer = await kmsSigner({ key: 'alias/redress', origin: 'example.com/redress', client });
    expect(signer.verifier).toMatch(/^example\.com\/redress\+[0-9a-f]{8}\+A[Q-f]/);
    const note = await signCheckpoint({ origin: 'example.com/redress', size: 7, root }, signer);
    expect(openCheckpoint(note, 'example.com/redress', [signer.verifier])).toEqual({ origin: 'example.com/redress', size: 7, root, by: signer.verifier });
    expect(client.asked.map(({ name }) => name)).toEqual(['GetPublicKeyCommand', 'SignCommand']);
    expect(client.asked[1]?.input).toEqual({
      ...{ KeyId: 'alias/redress', MessageType: 'RAW', SigningAlgorithm: 'ED25519_SHA_512' },
      Message: Buffer.from(note.slice(0, note.indexOf('\n\n') + 1)),
    });
  });

  it('returns no checkpoint if another key signs than the one whose public key it returned', async () => {
    const [said, signs] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
    const signer = await kmsSigner({ key: 'k', origin: 'o', client: kms({ publicKey: said.publicKey, privateKey: signs.privateKey }) });
    await expect(signCheckpoint({ origin: 'o', size: 1, root }, signer)).rejects.toMatchObject({ code: 'ledger/key' });
  });

  it.each([
    ['is of another kind', { KeySpec: 'ECC_NIST_P256', SigningAlgorithms: ['ECDSA_SHA_256'] }],
    ['does not sign', { KeyUsage: 'KEY_AGREEMENT' }],
    ['has no public key', { PublicKey: undefined }],
    [
      'does not match its key spec',
      { PublicKey: new Uint8Array(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'der', type: 'spki' })) },
    ],
  ])('is refused when it %s', async (_, more) => {
    await expect(kmsSigner({ key: 'k', origin: 'o', client: kms(generateKeyPairSync('ed25519'), more) })).rejects.toMatchObject({ code: 'ledger/key' });
  });

  it('refuses a name that a note cannot have, and signs nothing longer than KMS accepts', async () => {
    const client = kms(generateKeyPairSync('ed25519'));
    await expect(kmsSigner({ key: 'k', origin: 'a b', client })).rejects.toMatchObject({ code: 'ledger/key' });
    const signer = await kmsSigner({ key: 'k', origin: 'o', client });
    await expect((async () => signer.sign(Buffer.alloc(4097)))()).rejects.toMatchObject({ code: 'ledger/key' });
    expect((await signer.sign(Buffer.alloc(4096))).length).toBe(64);
  });

  it('reports the next step when KMS cannot be called', async () => {
    const client = { send: () => Promise.reject(Object.assign(new Error('no such key'), { name: 'NotFoundException' })) };
    await expect(kmsSigner({ key: 'k', origin: 'o', client })).rejects.toMatchObject({
      code: 'ledger/unavailable',
      next: expect.stringContaining('kms:Sign') as string,
    });
  });
});
