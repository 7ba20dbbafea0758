// The API has no subscriptions, so the client for them stays out.
export function createClient() {
  throw new Error('This API has no subscriptions.');
}
