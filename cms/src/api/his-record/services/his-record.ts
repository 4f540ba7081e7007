import { service } from '../../../resource';

export default service('api::his-record.his-record');
