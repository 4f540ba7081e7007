import { controller } from '../../../resource';

export default controller('api::his-record.his-record');
