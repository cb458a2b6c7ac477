import { canonicalType, claimOfId, EC2_PREFIXES, fromArn, parseArn } from '../events/resource-ids.js';
import { GLOBAL_REGION, isAccountId } from '../model/resource.js';
import { REGIONS } from './regions.js';
import { nearest } from './validate.js';

/** A resource that an exception names. */
export interface ExceptionResource {
  /** The id that findings and plans have: `sg-0abc`, a bucket's name. */
  readonly id: string;
  /** The type in an ARN, an address of the console or similar; null if there is none. */
  readonly type: string | null;
  readonly account: string | null;
  readonly region: string | null;
}

type Understood = ExceptionResource | { readonly wrong: string };
const plain = (id: string): ExceptionResource => ({ id, type: null, account: null, region: null });
const wrong = (why: string) => ({ wrong: why });

const CONSOLE = /^(?:[a-z0-9-]+\.)*console\.(?:aws\.amazon\.com|amazonaws-us-gov\.com|amazonaws\.cn|amazonaws\.eu)$/;
const PREFIXES = [...EC2_PREFIXES.keys()];
// Ids have 8 or 17 digits. Shorter ones are those of examples.
const EC2_ID = `(?:${PREFIXES.join('|')})-(?:[0-9a-f]{17}|[0-9a-f]{1,8})`;
const FULL = `(?:${PREFIXES.join('|')})-(?:[0-9a-f]{17}|[0-9a-f]{8})`;
const anyCase = (letters: string) => [...letters].map((letter) => `[${letter}${letter.toUpperCase()}]`).join('');
/** An EC2 id in whatever case, and of whatever length. */
const LIKE_EC2 = `(?:${PREFIXES.map(anyCase).join('|')})-[0-9a-fA-F]+`;
const ACCESS_KEY = '(?:AKIA|ASIA)[A-Z0-9]{12,124}';
const UNIQUE_ID = '(?:AIDA|AROA|AGPA|ANPA|AIPA)[A-Z0-9]{12,124}';
// AWS Config names databases by these. Their identifiers have no capitals.
const DATABASE_ID = '(?:db|cluster)-[A-Z0-9]{20,}';
// As our own messages, and Security Hub, name resources.
const TYPED = /^(AWS::[A-Za-z0-9]*::[A-Za-z0-9]+|Aws[A-Z][A-Za-z0-9]+)(?: *[:/] *| +)(\S.*?)(?: \((\d{12}), ([a-z0-9-]+)\))?$/;

/**
 * What is meant by how people and tools name a resource: an id, an ARN (that of a log group may end in `:*`), the address of its page in the AWS
 * console, `s3://bucket`, an id with a name next to it (`sg-… / web`, `web (sg-…)`), a type before it (`AWS::S3::Bucket:invoices`), as our own
 * messages have it. What can be the id of nothing is said to be wrong, with why.
 */
export function readResourceName(text: string): Understood {
  if (text !== text.trim()) return wrong('begins or ends with a space');
  if (text === '') return wrong('is empty');
  if (text.startsWith('arn:')) return fromArnText(text);
  if (/^https?:\/\//.test(text) && URL.canParse(text)) {
    const url = new URL(text);
    if (CONSOLE.test(url.hostname)) return fromConsole(url);
  }
  if (/[*?]/.test(text)) return wrong('contains a wildcard; name what is exempt');
  if (text.startsWith('s3://')) {
    const [, bucket] = /^s3:\/\/([^/]+)\/?$/.exec(text) ?? [];
    return bucket === undefined ? wrong('names an object; an exception is on the whole bucket') : { ...plain(bucket), type: 'AWS::S3::Bucket' };
  }
  const [, type, id, account = null, region = null] = TYPED.exec(text) ?? [];
  if (type !== undefined && id !== undefined) {
    const found = canonicalType(type);
    if (!found.startsWith('AWS::')) return wrong(`has a type before it that is not known: ${type}`);
    return checked({ id: id.trim(), type: found, account, region: region === GLOBAL_REGION ? null : region });
  }
  const beside = new RegExp(`^(${FULL})\\s+\\S.*$|^\\S.*[\\s(](${FULL})\\)?$`, 's').exec(text);
  return checked(plain(beside?.[1] ?? beside?.[2] ?? text));
}

function fromArnText(text: string): Understood {
  const arn = parseArn(text);
  // The console, and the API of CloudWatch Logs itself, give the ARN of a log group with this end.
  const whole = arn?.service === 'logs' ? text.replace(/:\*$/, '') : text;
  if (/[*?]/.test(whole)) return wrong('contains a wildcard; name what is exempt');
  const found = fromArn(whole);
  if (found === null) return wrong('is an ARN of an unknown form; give the id (sg-…, the name of a bucket)');
  if (found.account !== null && !isAccountId(found.account) && found.account !== 'aws') return wrong('is an ARN whose account id is not valid');
  return checked({ id: found.id, type: found.type, account: isAccountId(found.account) ? found.account : null, region: found.region });
}

/** By the forms that the addresses of the console's pages have. */
function fromConsole(url: URL): Understood {
  const here = decoded(`${url.pathname}${url.search}${url.hash}`);
  const region = url.searchParams.get('region') ?? /[#&?]region=([a-z0-9-]+)/.exec(here)?.[1] ?? /^([a-z]+(?:-[a-z]+)+-\d)\./.exec(url.hostname)?.[1] ?? null;
  const ids = [...new Set(here.match(new RegExp(`\\b${FULL}(?![0-9a-z])`, 'g')) ?? [])];
  const group = (pattern: RegExp) => pattern.exec(here)?.[1];
  // What CloudWatch itself encodes is decoded twice.
  const logs = group(/log-group\/([^?&]+?)(?:\/log-events.*)?$/);
  const bucket = group(/\/s3\/buckets\/([^/?#&]+)/);
  const user = group(/\/users\/(?:details\/)?([^/?#&]+)/);
  const key = group(/\/kms\/keys\/([^/?#&]+)/);
  if (url.pathname.startsWith('/cloudwatch') && logs !== undefined) return checked({ ...plain(logs), type: 'AWS::Logs::LogGroup', region });
  // A bucket has one name everywhere, and users have no region: the console adds the one that it was left in.
  if (bucket !== undefined) return checked({ ...plain(bucket), type: 'AWS::S3::Bucket' });
  if (url.pathname.startsWith('/iam') && user !== undefined) return checked({ ...plain(user), type: 'AWS::IAM::User' });
  if (key !== undefined) return checked({ ...plain(key), type: 'AWS::KMS::Key', region });
  const [id, ...more] = ids;
  if (id === undefined || more.length > 0) return wrong('is a page of the console that names no resource, or several; give the id');
  return checked({ ...plain(id), type: claimOfId(id)?.type ?? null, region });
}

/** Percent-encoding, and the console's own with `$` for `%`, as often as it was done. */
function decoded(text: string): string {
  let now = text;
  for (let times = 0; times < 3; times++) {
    try {
      const next = decodeURIComponent(now.replaceAll(/\$(?=[0-9A-Fa-f]{2})/g, '%'));
      if (next === now) break;
      now = next;
    } catch {
      break;
    }
  }
  return now;
}

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);
const FORM = whole(EC2_ID);

/** An id alone, whoever named it. */
function checked(found: ExceptionResource): Understood {
  const { id, region } = found;
  if (region !== null && !REGIONS.includes(region)) return wrong(unknownRegion(region));
  if (whole(ACCESS_KEY).test(id) && (found.type === null || found.type === 'AWS::IAM::AccessKey'))
    return wrong('is an access key; name its user: an exception holds for all keys of a user');
  if (whole(UNIQUE_ID).test(id)) return wrong('is the unique id that IAM gave; give the name');
  if (whole(DATABASE_ID).test(id)) return wrong('is the resource id that RDS gave; give the identifier of the instance or cluster, by which it is held back');
  if (whole(LIKE_EC2).test(id) && !FORM.test(id)) {
    const lower = id.toLowerCase();
    return wrong(`is not an id: ${FORM.test(lower) ? `ids are lower case (did you mean ${lower}?)` : 'its number has 8 or 17 digits'}`);
  }
  return found;
}

/** The message about a region that does not exist. */
export function unknownRegion(region: string): string {
  const near = nearest(region, REGIONS);
  return `is not a region that this version knows${near === null ? ', such as eu-west-1' : ` (did you mean ${near}?)`}; left out it means all of them, and ${GLOBAL_REGION} is that of IAM`;
}

/** The same rules for an editor: what {@link readResourceName} certainly refuses does not match. */
export const RESOURCE_PATTERN = `^(?:arn:[^*?]+(?::\\*)?|https://[^\\s*]+|(?!arn:|https://|(?:${LIKE_EC2}|${ACCESS_KEY}|${UNIQUE_ID}|${DATABASE_ID})$)(?!\\s)[^*?]+(?<!\\s)|${EC2_ID})$`;

// Forms of ids, if a type has one that is narrow enough to distinguish a mistake from a name.
const FORMS: ReadonlyMap<string, RegExp> = new Map([
  ...[...EC2_PREFIXES].map(([prefix, type]) => [type, whole(`${prefix}-(?:[0-9a-f]{17}|[0-9a-f]{1,8})`)] as const),
  ['AWS::::Account', /^\d{12}$/],
  ['AWS::IAM::User', /^[\w+=,.@-]{1,64}$/],
  ['AWS::Logs::LogGroup', /^[.\-_/#A-Za-z0-9]{1,512}$/],
  ['AWS::S3::Bucket', /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/],
]);

/** Whether an id can be one of a type; of a type whose ids have no form of their own every id can. */
export function mayBe(id: string, type: string): boolean {
  return FORMS.get(type)?.test(id) ?? true;
}

/** The type that an id's form alone says, or null. */
export function typeByForm(id: string): string | null {
  return whole(FULL).test(id) ? (claimOfId(id)?.type ?? null) : null;
}
