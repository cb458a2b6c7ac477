// Systems Manager Automation in front of the emulator, which has none: it starts, answers, and carries out one runbook. The rest is passed on.
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export const DOCUMENT = 'AWSConfigRemediation-EnableKeyRotation';
/** Hash of the document, as the service has it at first. */
export const HASH = 'a'.repeat(64);

/** An Automation that was started. */
export interface Started {
  readonly id: string;
  readonly token: string;
  readonly version: string;
  readonly parameters: Readonly<Record<string, readonly string[]>>;
  /** Does what the runbook does. */
  work(): Promise<void>;
}

interface Input {
  readonly Name?: string;
  readonly DocumentName?: string;
  readonly DocumentVersion?: string;
  readonly Parameters?: Readonly<Record<string, readonly string[]>>;
  readonly ClientToken?: string;
  readonly AutomationExecutionId?: string;
}

/** The service, and what was started. */
export interface AutomationService {
  readonly endpoint: string;
  readonly started: Started[];
  /** The document's hash from now on. */
  hash: string;
  /** Whether a runbook does its work when it is started; else when the test says so. */
  atOnce: boolean;
  close(): Promise<void>;
}

/** Listens on loopback, on any port that is free. */
export async function automationService(emulator: string): Promise<AutomationService> {
  const target = new URL(emulator);
  const pass = (method: string, path: string, headers: IncomingHttpHeaders, body: Buffer) =>
    new Promise<{ status: number; headers: IncomingHttpHeaders; body: Buffer }>((resolve, reject) => {
      const kept = { ...headers };
      delete kept.connection;
      delete kept['transfer-encoding'];
      if (body.length > 0) kept['content-length'] = String(body.length);
      const sent = request({ hostname: target.hostname, port: target.port, method, path, headers: kept }, (reply) => {
        all(reply).then((content) => resolve({ status: reply.statusCode ?? 502, headers: reply.headers, body: content }), reject);
      });
      sent.once('error', reject);
      sent.end(body);
    });

  const service: AutomationService = {
    endpoint: '',
    started: [],
    hash: HASH,
    atOnce: true,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const answers: Readonly<Record<string, (input: Input, headers: IncomingHttpHeaders) => Promise<object>>> = {
    'AmazonSSM.DescribeDocument': async ({ Name, DocumentVersion }) => {
      if (Name !== DOCUMENT) throw new Error('InvalidDocument');
      return { Document: { Name, DocumentVersion, Hash: service.hash, HashType: 'Sha256', Owner: 'Amazon', DocumentType: 'Automation', Status: 'Active' } };
    },
    'AmazonSSM.StartAutomationExecution': async ({ DocumentName, DocumentVersion = '', Parameters: parameters = {}, ClientToken = '' }, headers) => {
      if (DocumentName !== DOCUMENT) throw new Error('AutomationDefinitionNotFoundException');
      if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(ClientToken)) throw new Error('InvalidAutomationExecutionParametersException');
      const known = service.started.find((each) => each.token === ClientToken);
      if (known !== undefined) return { AutomationExecutionId: known.id };
      const automation: Started = {
        id: crypto.randomUUID(),
        token: ClientToken,
        version: DocumentVersion,
        parameters,
        work: async () => {
          const body = Buffer.from(JSON.stringify({ KeyId: parameters['KeyId']?.[0] }));
          // With the credentials that started it: the emulator has no roles for Automation.
          const own = { ...headers, 'x-amz-target': 'TrentService.EnableKeyRotation' };
          const authorization = String(headers.authorization).replace('/ssm/', '/kms/');
          const { status, body: said } = await pass('POST', '/', { ...own, authorization, host: `kms.${target.hostname}` }, body);
          if (status >= 300) throw new Error(`The runbook failed: ${said.toString()}`);
        },
      };
      service.started.push(automation);
      if (service.atOnce) await automation.work();
      return { AutomationExecutionId: automation.id };
    },
    'AmazonSSM.GetAutomationExecution': async ({ AutomationExecutionId }) => {
      const found = service.started.find((each) => each.id === AutomationExecutionId);
      if (found === undefined) throw new Error('AutomationExecutionNotFoundException');
      return { AutomationExecution: { AutomationExecutionId, DocumentName: DOCUMENT, Parameters: found.parameters, AutomationExecutionStatus: 'Success' } };
    },
  };

  const server = createServer(async (incoming, outgoing) => {
    try {
      const body = await all(incoming);
      const answer = answers[String(incoming.headers['x-amz-target'])];
      if (answer === undefined) {
        const reply = await pass(incoming.method ?? 'POST', incoming.url ?? '/', incoming.headers, body);
        const kept = { ...reply.headers, 'content-length': String(reply.body.length) } as Record<string, string | string[]>;
        delete kept['transfer-encoding'];
        delete kept['connection'];
        outgoing.writeHead(reply.status, kept).end(reply.body);
        return;
      }
      const reply = (status: number, content: object) =>
        outgoing.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': crypto.randomUUID() }).end(JSON.stringify(content));
      try {
        reply(200, await answer(JSON.parse(body.toString()) as Input, incoming.headers));
      } catch (error) {
        reply(400, { __type: (error as Error).message, message: (error as Error).message });
      }
    } catch {
      // What the emulator does not answer is a broken connection here, too.
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return Object.assign(service, { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

async function all(stream: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
