import { controller } from '../../../resource';

export default controller('api::alarm.alarm');
