import { service } from '../../../resource';

export default service('api::channel.channel');
