/** The methods that Envoy's HTTP/1 parser knows. */

const methods = new Set(
  (
    'GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH ACL BIND CHECKOUT COPY LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MOVE MSEARCH NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE ' +
    'UNBIND UNLINK UNLOCK UNSUBSCRIBE'
  ).split(' '),
);

export function isMethod(name: string): boolean {
  return methods.has(name);
}
