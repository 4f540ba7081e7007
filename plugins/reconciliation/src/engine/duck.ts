export { type Duck, literal, openDuck, whole } from '@hospital-pay/archive';
