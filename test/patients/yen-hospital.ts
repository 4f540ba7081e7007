import { payments } from '@hospital-pay/payments';
import { channelConfigs } from '@hospital-pay/sandbox';
import { signedHeaders } from '../harness/client';
import type { Hospital } from '../harness/hospital';

const application = { appId: 'his-yen', secret: 'his-yen-secret-0123456789abcdef' };
export const association = '7B227073704964223A22';

/** A hospital in Japan beside the other: it takes yen, and Apple Pay on the platform's own pages. */
export async function openYenHospital(hospital: Hospital) {
  const strapi = hospital.strapi();
  const [own] = hospital.sandbox.credentials;
  if (!own) throw new Error('the sandbox has no merchant');
  own.applepay.domain = new URL(hospital.url).hostname;
  const merchantCode = 'H-JP';
  await strapi.db.query('api::merchant.merchant').create({
    data: {
      code: merchantCode,
      name: '東京中央病院',
      kind: 'hospital',
      zone: 'Asia/Tokyo',
      currency: 'JPY',
      dayCutoff: '00:00',
      hisRefusal: 'case',
      graceSeconds: 2,
      enabled: true,
    },
  });
  const account = { channel: 'applepay', merchantCode, enabled: true };
  await payments(strapi).accounts.save({
    ...account,
    code: 'applepay-jp',
    name: 'Apple Pay',
    config: {
      ...channelConfigs(own, hospital.sandbox.baseUrl()).applepay,
      domainAssociation: association,
    },
  });
  await strapi.db
    .query('api::route.route')
    .create({ data: { ...account, name: 'Apple Pay', accountCode: 'applepay-jp', priority: 100 } });
  await payments(strapi).applications.create({
    ...application,
    name: 'HIS',
    merchantCode,
    scopes: ['orders:read', 'orders:write'],
  });

  let count = 0;
  return {
    /** Apple's sandbox session address as a device would name it. */
    validationUrl: `${hospital.sandbox.baseUrl()}/applepay/paymentservices/startSession`,
    async newBill(amountFen: number): Promise<{ url: string; token: string; businessNo: string }> {
      count += 1;
      const path = '/api/v1/payment-links';
      const businessNo = `JP${count}`;
      const body = JSON.stringify({
        merchantOrderNo: `JP${count}`,
        businessNo,
        amountFen,
        subject: '外来診療費',
        patientName: '山田太郎',
      });
      const headers = signedHeaders(application, { method: 'POST', path, body });
      const response = await fetch(hospital.url + path, { method: 'POST', headers, body });
      const { url }: { url: string } = await response.json();
      return { url, token: url.split('/').at(-1) ?? '', businessNo };
    },
  };
}
