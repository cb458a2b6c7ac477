// A corpus of secrets, reproducible from a seed. None of them is a real secret.
import { random } from './random.js';

/** A secret, and how people write it down. */
export interface Planted {
  readonly kind: string;
  /** The text that must not appear anywhere. */
  readonly secret: string;
  /** Its form in a script, a message, a connection string. */
  readonly text: string;
  /** Its form in a variable, a tag, a parameter. */
  readonly name: string;
  readonly value: string;
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const DIGITS = '0123456789';
const HEX = '0123456789abcdef';
const UPPER = LOWER.toUpperCase();
const ALNUM = UPPER + LOWER + DIGITS;
const BASE64 = `${ALNUM}+/`;
const URLSAFE = `${ALNUM}_-`;
const PASSWORD = `${ALNUM}!#%^*_.@~`;

type Draw = (alphabet: string, length: number) => string;

/** What a kind generates: the secret, its text, and its name if a variable holds it (then the value is the text if it is not the secret). */
type Kind = (draw: Draw) => { readonly secret: string; readonly text?: string; readonly name?: string; readonly value?: string };

/** A password as people choose them: a word, a number, a sign. */
const chosen = (draw: Draw) => `${draw(UPPER, 1)}${draw(LOWER, 6)}${draw(DIGITS, 3)}${draw('!#%^*', 1)}`;
/** Not every character is allowed in a URL. */
const plain = (draw: Draw) => `${draw(ALNUM, 10)}${draw(DIGITS, 2)}`;

/** A token in a format that its issuer designed for detection. */
const token =
  (prefix: string, alphabet: string, length: number): Kind =>
  (draw) => {
    const secret = `${prefix}${draw(alphabet, length)}`;
    return { secret, text: `curl -H "X-Token: ${secret}" https://example.com/` };
  };

/** A value that only its name identifies. */
const under =
  (name: string, make: (draw: Draw) => string, text: (name: string, secret: string) => string = (of, secret) => `export ${of}=${secret}`): Kind =>
  (draw) => {
    const secret = make(draw);
    return { secret, name, value: secret, text: text(name, secret) };
  };

const pem =
  (label: string): Kind =>
  (draw) => {
    const lines = Array.from({ length: 4 }, () => draw(BASE64, 64));
    return { secret: lines.join('\n'), text: `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----`, name: 'TLS_MATERIAL' };
  };

const KINDS: Readonly<Record<string, Kind>> = {
  'aws-secret-access-key': (draw) => {
    const secret = `${draw(UPPER, 2)}${draw(DIGITS, 2)}${draw(LOWER, 2)}${draw(BASE64, 34)}`;
    return { secret, text: `aws_access_key_id = AKIA${draw(UPPER, 16)}\naws_secret_access_key = ${secret}`, name: 'AWS_SECRET_ACCESS_KEY', value: secret };
  },
  'aws-session-token': (draw) => {
    const secret = `IQoJb3JpZ2luX2Vj${draw(BASE64, 240)}`;
    return { secret, text: `AWS_SESSION_TOKEN=${secret}`, name: 'AWS_SESSION_TOKEN', value: secret };
  },
  'aws-secret-in-credentials': (draw) => {
    const secret = draw(BASE64, 40);
    const reply = { Credentials: { AccessKeyId: `ASIA${draw(UPPER, 16)}`, SecretAccessKey: secret, Expiration: '2026-11-28T00:00:00Z' } };
    return { secret, text: JSON.stringify(reply), name: 'REPLY' };
  },
  'presigned-request': (draw) => {
    const secret = draw(HEX, 64);
    return { secret, text: `https://b.s3.amazonaws.com/k?X-Amz-Date=20261128T000000Z&X-Amz-Expires=60&X-Amz-Signature=${secret}`, name: 'DOWNLOAD' };
  },
  'postgres-url': (draw) => {
    const secret = plain(draw);
    return { secret, text: `postgres://app:${secret}@db.internal:5432/orders?sslmode=require`, name: 'DATABASE_URL' };
  },
  'mysql-url': (draw) => {
    const secret = plain(draw);
    return { secret, text: `mysql+pymysql://root:${secret}@10.0.0.5/shop`, name: 'SQLALCHEMY_URI' };
  },
  'mongodb-url': (draw) => {
    const secret = plain(draw);
    return { secret, text: `mongodb+srv://app:${secret}@cluster0.example.mongodb.net/app?retryWrites=true`, name: 'MONGO' };
  },
  'redis-url': (draw) => {
    const secret = draw(ALNUM, 24);
    return { secret, text: `rediss://:${secret}@cache.internal:6379/0`, name: 'CACHE' };
  },
  'jdbc-password': (draw) => {
    const secret = plain(draw);
    return { secret, text: `jdbc:sqlserver://db:1433;database=app;user=sa;password=${secret};encrypt=true`, name: 'JDBC' };
  },
  'ado-connection-string': (draw) => {
    const secret = plain(draw);
    return { secret, text: `Server=tcp:db.example.com,1433;Database=app;User ID=sa;Pwd=${secret};Encrypt=True;`, name: 'CONNECTION_STRING' };
  },
  'azure-storage-key': (draw) => {
    const secret = `${draw(BASE64, 86)}==`;
    return { secret, text: `DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=${secret};EndpointSuffix=core.windows.net`, name: 'AZURE_STORAGE' };
  },
  'azure-sas': (draw) => {
    const secret = `${draw(ALNUM, 43)}%3D`;
    return { secret, text: `https://acme.blob.core.windows.net/c?sv=2024-11-04&ss=b&sp=r&sig=${secret}`, name: 'BLOB' };
  },
  'azure-client-secret': (draw) => {
    const secret = `${draw(ALNUM, 3)}8Q~${draw(ALNUM, 34)}`;
    return { secret, text: `az login --service-principal -t ${draw(HEX, 8)} # ${secret}`, name: 'ARM' };
  },
  'service-bus': (draw) => {
    const secret = `${draw(BASE64, 43)}=`;
    return { secret, text: `Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=${secret}`, name: 'BUS' };
  },
  'rsa-private-key': pem('RSA PRIVATE KEY'),
  'pkcs8-private-key': pem('PRIVATE KEY'),
  'openssh-private-key': pem('OPENSSH PRIVATE KEY'),
  'gcp-service-account': (draw) => {
    const secret = draw(BASE64, 200);
    const account = { type: 'service_account', project_id: 'acme', private_key: `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n` };
    return { secret, text: JSON.stringify(account), name: 'GOOGLE_APPLICATION' };
  },
  'google-api-key': token('AIza', URLSAFE, 35),
  'google-oauth': token('ya29.', URLSAFE, 60),
  jwt: (draw) => {
    const secret = `eyJ${draw(URLSAFE, 33)}.eyJ${draw(URLSAFE, 60)}.${draw(URLSAFE, 43)}`;
    return { secret, text: `Authorization: Bearer ${secret}`, name: 'ID' };
  },
  'oauth-bearer': (draw) => {
    const secret = draw(URLSAFE, 48);
    return { secret, text: `curl -H 'Authorization: Bearer ${secret}' https://api.example.com`, name: 'REFRESH_TOKEN', value: secret };
  },
  'basic-auth-header': (draw) => {
    const secret = Buffer.from(`svc:${draw(ALNUM, 18)}`).toString('base64');
    return { secret, text: `Authorization: Basic ${secret}`, name: 'HEADER' };
  },
  'basic-auth-url': (draw) => {
    const secret = plain(draw);
    return { secret, text: `git clone https://deploy:${secret}@git.example.com/acme/app.git`, name: 'REPOSITORY' };
  },
  'curl-user': (draw) => {
    const secret = plain(draw);
    return { secret, text: `curl -u admin:${secret} https://jenkins.internal/job/x/build`, name: 'HOOK' };
  },
  'github-pat': token('ghp_', ALNUM, 36),
  'github-fine-grained': token('github_pat_', ALNUM, 82),
  'github-server': token('ghs_', ALNUM, 36),
  'gitlab-pat': token('glpat-', URLSAFE, 20),
  'gitlab-runner': token('glrt-', URLSAFE, 20),
  'slack-bot': (draw) => {
    const secret = `xoxb-${draw(DIGITS, 12)}-${draw(DIGITS, 12)}-${draw(ALNUM, 24)}`;
    return { secret, text: `SLACK=${secret}`, name: 'SLACK' };
  },
  'slack-webhook': (draw) => {
    const secret = `T${draw(UPPER, 8)}/B${draw(UPPER, 8)}/${draw(ALNUM, 24)}`;
    return { secret, text: `curl -d '{}' https://hooks.slack.com/services/${secret}`, name: 'NOTIFY' };
  },
  'discord-webhook': (draw) => {
    const secret = draw(URLSAFE, 68);
    return { secret, text: `https://discord.com/api/webhooks/${draw(DIGITS, 18)}/${secret}`, name: 'CHAT' };
  },
  'teams-webhook': (draw) => {
    const secret = draw(HEX, 32);
    return { secret, text: `https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/${secret}/3`, name: 'TEAMS' };
  },
  stripe: token('sk_live_', ALNUM, 24),
  'stripe-webhook': token('whsec_', ALNUM, 32),
  npm: token('npm_', ALNUM, 36),
  pypi: token('pypi-AgEIcHlwaS5vcmc', URLSAFE, 60),
  sendgrid: (draw) => {
    const secret = `SG.${draw(ALNUM, 22)}.${draw(ALNUM, 43)}`;
    return { secret, text: `smtp password is ${secret}`, name: 'SMTP' };
  },
  'terraform-cloud': (draw) => {
    const secret = `${draw(ALNUM, 14)}.atlasv1.${draw(ALNUM, 67)}`;
    return { secret, text: `credentials "app.terraform.io" { token = "${secret}" }`, name: 'TF_TOKEN_app_terraform_io', value: secret };
  },
  vault: token('hvs.', URLSAFE, 90),
  digitalocean: token('dop_v1_', HEX, 64),
  databricks: token('dapi', HEX, 32),
  shopify: token('shpat_', HEX, 32),
  openai: token('sk-proj-', ALNUM, 48),
  atlassian: token('ATATT3xFfGF0', ALNUM, 60),
  mailchimp: (draw) => {
    const secret = `${draw(HEX, 32)}-us12`;
    return { secret, text: `mc ${secret}`, name: 'MAIL' };
  },
  telegram: (draw) => {
    const secret = `${draw('123456789', 9)}:AA${draw(ALNUM, 33)}`;
    return { secret, text: `https://api.telegram.org/bot is run as ${secret}`, name: 'BOT' };
  },
  'kubeconfig-token': (draw) => {
    const secret = draw(URLSAFE, 64);
    return { secret, text: `users:\n- name: admin\n  user:\n    token: ${secret}\n`, name: 'KUBECONFIG' };
  },
  'kubeconfig-key': (draw) => {
    const secret = Buffer.from(`-----BEGIN RSA PRIVATE KEY-----\n${draw(BASE64, 120)}\n-----END RSA PRIVATE KEY-----`).toString('base64');
    return { secret, text: `    client-key-data: ${secret}\n`, name: 'KUBE' };
  },
  netrc: (draw) => {
    const secret = plain(draw);
    return { secret, text: `machine git.example.com login deploy password ${secret}`, name: 'NETRC' };
  },
  chpasswd: (draw) => {
    const secret = plain(draw);
    return { secret, text: `echo "ec2-user:${secret}" | chpasswd`, name: 'BOOT' };
  },
  'sql-identified-by': (draw) => {
    const secret = plain(draw);
    return { secret, text: `CREATE USER app IDENTIFIED BY '${secret}';`, name: 'MIGRATION' };
  },
  'password-option': (draw) => {
    const secret = plain(draw);
    return { secret, text: `mysqldump --user root --password ${secret} --all-databases`, name: 'BACKUP' };
  },
  'yaml-password': under('db_password', chosen, (name, secret) => `datasource:\n  url: x\n  ${name}: ${secret}\n`),
  'env-password': under(
    'DB_PASSWORD',
    (draw) => draw(PASSWORD, 16),
    (name, secret) => `set -e\nexport ${name}='${secret}'\n`,
  ),
  'pg-password': under('PGPASSWORD', chosen),
  'quoted-password': under(
    'password',
    (draw) => `${draw(ALNUM, 6)} ${draw(ALNUM, 4)};${draw(ALNUM, 4)}`,
    (name, secret) => JSON.stringify({ [name]: secret }),
  ),
  'rds-master': under('MasterUserPassword', chosen, (name, secret) => `--${name} ${secret}`),
  'api-key': under('ACME_API_KEY', (draw) => draw(HEX, 32)),
  'client-secret': under('OAUTH_CLIENT_SECRET', (draw) => draw(URLSAFE, 40)),
  'twilio-auth-token': under('TWILIO_AUTH_TOKEN', (draw) => draw(HEX, 32)),
  'datadog-app-key': under('DD_APP_KEY', (draw) => draw(HEX, 40)),
  'heroku-api-key': under('HEROKU_API_KEY', (draw) => `${draw(HEX, 8)}-${draw(HEX, 4)}-${draw(HEX, 4)}-${draw(HEX, 4)}-${draw(HEX, 12)}`),
  'random-secret': under(
    'SESSION_SECRET',
    (draw) => draw(PASSWORD, 44),
    (name, secret) => `${name}="${secret}"`,
  ),
  'encryption-key': under('ENCRYPTION_KEY', (draw) => draw(HEX, 64)),
};

/** The number of each kind. */
const EACH = 4;

/** {@link KINDS}, a few of each. */
export function corpus(seed = 20_261_128): readonly Planted[] {
  const next = random(seed);
  const draw: Draw = (alphabet, length) => Array.from({ length }, () => alphabet[Math.floor(next() * alphabet.length)] ?? '').join('');
  return Object.entries(KINDS).flatMap(([kind, make]) =>
    Array.from({ length: EACH }, (): Planted => {
      const { secret, text = secret, name = 'NOTE', value = text } = make(draw);
      return { kind, secret, text, name, value };
    }),
  );
}

/** Where a secret appears in a text, and in which form: plain, in JSON, URL-encoded, in Base64 at any offset, in hexadecimal. */
export function leaksIn(bytes: string | Uint8Array, secrets: readonly Pick<Planted, 'kind' | 'secret'>[]): string[] {
  const text = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1');
  const { written, search } = searches.get(secrets) ?? searchFor(secrets);
  return [...search(text)].flatMap((form) => written.get(form) ?? []);
}

/** Every form of a corpus, by what it stands for, and a search for all of them. */
interface Search {
  readonly written: ReadonlyMap<string, readonly string[]>;
  readonly search: (text: string) => Set<string>;
}
/** A test searches many texts for the same corpus. */
const searches = new WeakMap<object, Search>();

function searchFor(secrets: readonly Pick<Planted, 'kind' | 'secret'>[]): Search {
  const written = new Map<string, string[]>();
  for (const { kind, secret } of secrets)
    for (const [form, how] of waysOf(secret)) written.set(form, [...(written.get(form) ?? []), `${kind} (${how}): ${secret}`]);
  const made = { written, search: formsIn([...written.keys()]) };
  searches.set(secrets, made);
  return made;
}

/** Number of hashed characters. Shorter forms are searched separately. */
const HASHED = 6;

/** Finds which of many forms a text contains, in one pass over it (Rabin–Karp). Thousands of passes over megabytes would be most of a test's time. */
function formsIn(forms: readonly string[]): (text: string) => Set<string> {
  const byHash = new Map<number, string[]>();
  const hashOf = (from: string) => Array.from({ length: HASHED }, (_, at) => from.charCodeAt(at)).reduce((sum, code) => (Math.imul(sum, 31) + code) | 0, 0);
  const [long, short] = [true, false].map((is) => forms.filter((form) => form.length >= HASHED === is)) as [string[], string[]];
  for (const form of long) byHash.set(hashOf(form), [...(byHash.get(hashOf(form)) ?? []), form]);
  // Most hashes of a text match no form: one bit of a table shows that.
  const may = new Uint8Array(1 << 16);
  for (const hash of byHash.keys()) may[hash & 0xffff] = 1;
  let out = 1;
  for (let at = 1; at < HASHED; at++) out = Math.imul(out, 31);
  return (text) => {
    const found = new Set(short.filter((form) => text.includes(form)));
    let hash = 0;
    for (let at = 0; at < text.length; at++) {
      if (at >= HASHED) hash = (hash - Math.imul(text.charCodeAt(at - HASHED), out)) | 0;
      hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
      if (at < HASHED - 1 || may[hash & 0xffff] === 0) continue;
      for (const form of byHash.get(hash) ?? []) if (text.startsWith(form, at - HASHED + 1)) found.add(form);
    }
    return found;
  };
}

/** The written forms, each with a description. If several are equal, the text is searched once. */
function waysOf(secret: string): ReadonlyMap<string, string> {
  const json = JSON.stringify(secret).slice(1, -1);
  const bytes = Buffer.from(secret);
  // A part of a long secret is a secret, too.
  const part = secret.length > 60 ? ([['a part', secret.slice(12, 44)]] as const) : [];
  const ways: readonly (readonly [how: string, written: string])[] = [
    ['plain', secret],
    ...part,
    ['JSON', json],
    ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['an address', encodeURIComponent(secret)],
    ['hexadecimal', bytes.toString('hex')],
    // The part that does not depend on the adjacent bytes.
    ...[0, 1, 2].map((offset) => {
      const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
        .toString('base64')
        .replace(/=+$/, '');
      return ['Base64', encoded.slice(offset === 0 ? 0 : offset + 1, -2)] as const;
    }),
  ];
  return new Map(ways.map(([how, written]) => [written, how]));
}
