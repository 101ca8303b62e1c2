/** What a node of the service graph is. Only a service sends spans; the others are known by what services
 * say of them. A caller is `user` for requests that nobody seems to have sent, `unknown` for those whose
 * sender's spans are not there, or named by the service. Of a name that is several, the first counts. */
export const nodeKinds = ["service", "database", "queue", "peer", "caller"] as const;

/** One of `nodeKinds`. */
export type NodeKind = (typeof nodeKinds)[number];
