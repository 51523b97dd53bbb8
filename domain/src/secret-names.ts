/** Names that hold a secret. In camel case a key is one only where it is the last word: `signingKey`, no `monkey`. */
const SECRET = /secret|token|passw|api[_-]?key|private[_-]?key|credential|dsn|database[_-]?url|[_-]key$/i;
const CAMEL_KEY = /[a-z0-9]Key$/;
/** Names that end like this hold a reference to a secret, or a fact about it. */
const REFERENCE = /(arn|name|id|path|version|generation|header|parameter|from|file|mode|retired)$/i;
/** What everybody may know. */
const PUBLIC = /public[_-]?key$/i;

/**
 * Whether a variable or property holds a secret by its name (`SIGNING_KEY`, `ghlToken`), rather than a reference to one or
 * a fact about it (`SIGNING_KEY_ARN`, `secretName`, `PUBLIC_KEY`). The policy pack and a pull request's comment both go
 * by it. What a name does not tell, such as a password in `SETTING`, only the value's form can.
 */
export function isSecretName(name: string): boolean {
  return (SECRET.test(name) || CAMEL_KEY.test(name)) && !REFERENCE.test(name) && !PUBLIC.test(name);
}
