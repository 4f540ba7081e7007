import { service } from '../../../resource';

export default service('api::fund-flow-fetch.fund-flow-fetch');
