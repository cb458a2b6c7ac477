// Security Hub over HTTP, as much of it as is asked. Its replies have the members of the API's model.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A finding of a control about a resource. */
export interface Found {
  readonly id: string;
  readonly control: string;
  /** Type and id as Security Hub writes them. */
  readonly type: string;
  readonly resource: string;
  status: 'PASSED' | 'FAILED' | 'WARNING' | 'NOT_AVAILABLE';
  workflow?: string;
  record?: string;
  readonly account?: string;
  readonly region?: string;
  readonly tags?: Readonly<Record<string, string>>;
}

const POST: Readonly<Record<string, string>> = { '/findings': 'GetFindings', '/securityControls/batchGet': 'BatchGetSecurityControls' };

/** Findings and controls of an account, behind the API. */
export class SecurityHub {
  findings: Found[] = [];
  readonly controls = new Map<string, 'ENABLED' | 'DISABLED'>();
  readonly denied = new Set<string>();
  readonly calls: string[] = [];
  /** Findings in a page. */
  page = 2;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<SecurityHub> {
    const server = createServer();
    const hub = new SecurityHub(server);
    server.on('request', async (request: IncomingMessage, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const operation = POST[request.url ?? ''] ?? '';
      hub.calls.push(operation);
      const [status, body] = hub.#answer(operation, JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>);
      response.writeHead(status, { 'content-type': 'application/json', ...(status === 200 ? {} : { 'x-amzn-errortype': 'AccessDeniedException' }) });
      response.end(JSON.stringify(body));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return hub;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }

  #answer(operation: string, input: Record<string, unknown>): [status: number, body: object] {
    if (operation === '' || this.denied.has(operation)) return [403, { Message: 'not allowed' }];
    if (operation === 'BatchGetSecurityControls') {
      const ids = input['SecurityControlIds'] as string[];
      const known = (is: boolean) => ids.filter((id) => this.controls.has(id) === is);
      return [
        200,
        {
          SecurityControls: known(true).map((SecurityControlId) => ({ SecurityControlId, SecurityControlStatus: this.controls.get(SecurityControlId) })),
          UnprocessedIds: known(false).map((SecurityControlId) => ({ SecurityControlId, ErrorCode: 'RESOURCE_NOT_FOUND' })),
        },
      ];
    }
    const filters = input['Filters'] as Record<string, { Value: string }[]>;
    const wanted = (name: string, value: string) => filters[name] === undefined || filters[name].some(({ Value }) => Value === value);
    const all = this.findings.filter(
      ({ control, account = '111111111111', region = 'eu-west-1', record = 'ACTIVE' }) =>
        wanted('ComplianceSecurityControlId', control) && wanted('AwsAccountId', account) && wanted('Region', region) && wanted('RecordState', record),
    );
    const from = Number(input['NextToken'] ?? 0);
    const to = from + this.page;
    return [
      200,
      {
        Findings: all.slice(from, to).map(({ id, control, type, resource, status, workflow = 'NEW', tags, region = 'eu-west-1' }) => ({
          Id: id,
          Title: `${control} should hold`,
          Compliance: { Status: status, SecurityControlId: control },
          Workflow: { Status: workflow },
          Resources: [{ Type: type, Id: resource, Region: region, ...(tags === undefined ? {} : { Tags: tags }) }],
        })),
        ...(to < all.length ? { NextToken: String(to) } : {}),
      },
    ];
  }
}
