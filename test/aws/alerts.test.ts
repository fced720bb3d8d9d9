// Alerts to an SNS topic: Alertmanager, as a monitor runs it, against moto's SNS and with the credentials of the machine's role.
import assert from "node:assert/strict";
import { alertRoutes } from "../../alerts";
import { machineFiles } from "../../cloud-init";
import { machinesWith, planTopology } from "../../topology";
import { Aws } from "./lab";

const API = "http://127.0.0.1:29093";

/** The machine's own configuration, which is only less patient here, and sends where moto is instead of to the region's SNS. */
const script = `
  sed -i "s/group_wait: .*/group_wait: 200ms/; s|^\\( *\\)sigv4:|\\1api_url: $AWS_ENDPOINT_URL\\n&|" /etc/prometheus/alertmanager.yml
  amtool check-config /etc/prometheus/alertmanager.yml
  env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_ENDPOINT_URL prometheus-alertmanager --log.level=warn \\
    --config.file=/etc/prometheus/alertmanager.yml --storage.path=/tmp/alertmanager \\
    --web.listen-address=${API.replace("http://", "")} --cluster.listen-address= &
  for attempt in $(seq 100); do curl -sf ${API}/-/ready >/dev/null && break; sleep 0.1; done
  curl -sS -H 'Content-Type: application/json' ${API}/api/v2/alerts --data \\
    '[{"labels":{"alertname":"NoPrimary"},"annotations":{"summary":"There is no primary"}}]'
  requests() { curl -s ${API}/metrics | sed -n 's/^alertmanager_notification_requests_'$1'{integration="sns"} //p'; }
  for attempt in $(seq 60); do [ "$(requests total)" -gt "$(requests failed_total)" ] && break; sleep 0.3; done
`;

describe("aws: alerts to an SNS topic, by Alertmanager against moto", function () {
  this.timeout(120_000);
  let aws: Aws;
  before(async () => {
    aws = await Aws.start();
    aws.set({});
  });
  after(() => aws.stop());

  it("arrive, with the stack and the alert in the subject", () => {
    const { TopicArn } = aws.ask("sns", "create-topic", "--name", "alerts");
    // awscli doesn't ask moto by itself here
    const sqs = (...args: string[]) => aws.ask("sqs", "--endpoint-url", aws.endpoint, ...args);
    const { QueueUrl } = sqs("create-queue", "--queue-name", "people");
    const { Attributes } = sqs("get-queue-attributes", "--queue-url", QueueUrl, "--attribute-names", "QueueArn");
    const subscription = ["--topic-arn", TopicArn, "--protocol", "sqs", "--notification-endpoint", Attributes.QueueArn];
    aws.ask("sns", "subscribe", ...subscription);

    const domain = "www.foobar.com";
    const topology = planTopology({
      preset: "highly-available",
      stack: "unit",
      domain,
      addressRange: "10.20.0.0/16",
      size: { memory: 2048, cores: 2 },
      zones: 3,
      alerts: alertRoutes({ domain, alertTopic: TopicArn }),
    });
    const [monitor] = machinesWith(topology, "monitor");
    assert.ok(monitor);
    const files = machineFiles(topology, monitor, "").filter(({ path }) => path === "/etc/prometheus/alertmanager.yml");
    const { output } = aws.run(files, script);

    const { Messages = [] } = sqs("receive-message", "--queue-url", QueueUrl) ?? {};
    assert.equal(Messages.length, 1, output);
    const { Subject, Message } = JSON.parse(Messages[0].Body);
    assert.equal(Subject, "[unit] FIRING: NoPrimary");
    assert.match(Message, /There is no primary/);
  });
});
