import { board, metricLines, money } from './panels';

/** 系统: the processes themselves, from the platform's `/metrics`. */
export const system = board('hospital-pay-system', '系统', '平台进程的指标，来自 /metrics')
  .time({ from: 'now-6h', to: 'now' })
  .withPanel(
    metricLines({ id: 1, title: '订单 / 分钟', at: [0, 0, 12, 8] }, [
      'sum by (state) (rate(hospital_pay_orders_total[$__rate_interval])) * 60',
      '{{state}}',
    ]),
  )
  .withPanel(
    metricLines(
      { id: 2, title: '收款与退款 / 分钟', at: [12, 0, 12, 8], description: '人民币' },
      ['sum(rate(hospital_pay_paid_minor_units_total{currency="CNY"}[$__rate_interval])) * 60 / 100', '收款'],
      [
        'sum(rate(hospital_pay_refunded_minor_units_total{currency="CNY"}[$__rate_interval])) * 60 / 100',
        '退款',
      ],
    ).unit(money),
  )
  .withPanel(
    metricLines({ id: 3, title: '渠道调用 P95', at: [0, 8, 12, 8] }, [
      'histogram_quantile(0.95, sum by (le, channel) (rate(hospital_pay_channel_call_seconds_bucket[$__rate_interval])))',
      '{{channel}}',
    ]).unit('s'),
  )
  .withPanel(
    metricLines({ id: 4, title: '渠道调用出错 / 秒', at: [12, 8, 12, 8] }, [
      'sum by (channel) (rate(hospital_pay_channel_call_seconds_count{result="error"}[$__rate_interval]))',
      '{{channel}}',
    ]),
  )
  .withPanel(
    metricLines(
      { id: 5, title: '等待处理', at: [0, 16, 8, 8], description: '到期待查的订单与退款、待发送的任务' },
      ['max by (work) (hospital_pay_waiting)', '{{work}}'],
    ),
  )
  .withPanel(
    metricLines(
      { id: 6, title: '对账任务与差错', at: [8, 16, 8, 8] },
      ['max by (state) (hospital_pay_reconciliation_runs)', '任务 {{state}}'],
      ['max by (state) (hospital_pay_open_discrepancies)', '差错 {{state}}'],
    ),
  )
  .withPanel(
    metricLines({ id: 7, title: '数据库连接', at: [16, 16, 8, 8] }, [
      'hospital_pay_database_connections',
      '{{instance}} {{state}}',
    ]),
  )
  .withPanel(
    metricLines({ id: 8, title: '事件循环延迟 P99', at: [0, 24, 8, 8] }, [
      'nodejs_eventloop_lag_p99_seconds',
      '{{instance}}',
    ]).unit('s'),
  )
  .withPanel(
    metricLines(
      { id: 9, title: '内存', at: [8, 24, 8, 8] },
      ['process_resident_memory_bytes', '{{instance}} 常驻'],
      ['nodejs_heap_size_used_bytes', '{{instance}} 堆'],
    ).unit('bytes'),
  )
  .withPanel(
    metricLines({ id: 10, title: 'CPU', at: [16, 24, 8, 8] }, [
      'rate(process_cpu_seconds_total[$__rate_interval])',
      '{{instance}}',
    ]).unit('percentunit'),
  );
