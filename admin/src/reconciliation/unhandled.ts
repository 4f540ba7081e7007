/** 未处理: the states of a case that still needs somebody, as the figures count them. */
export const unhandled = ['open', 'pending_approval', 'refunding', 'in_transit'];

/** Such cases as their list is asked for them; of one merchant where one is chosen. */
export const unhandledCases = (merchantCode: string | undefined): string =>
  `/discrepancies?status=${unhandled.join(',')}${ofMerchant(merchantCode)}`;

/** Narrows a list's address down to the merchant that is chosen. */
export const ofMerchant = (merchantCode: string | undefined): string =>
  merchantCode ? `&merchantCode=${encodeURIComponent(merchantCode)}` : '';
