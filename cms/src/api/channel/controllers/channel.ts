import { controller } from '../../../resource';

export default controller('api::channel.channel');
