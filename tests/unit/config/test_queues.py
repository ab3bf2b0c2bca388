from config.queues import dead_letter_queue, task_queues, webhooks_queue
from webapp.outbox.tasks import EVENTS_EXCHANGE, Event


def test_events_of_images_reach_the_queue_of_webhooks():
    queue = webhooks_queue()

    assert (queue.exchange.name, queue.exchange.type) == (EVENTS_EXCHANGE, "topic")
    assert queue.routing_key == "image.*"
    assert {event.value.partition(".")[0] for event in Event} == {"image"}


def test_events_are_not_put_aside_because_their_process_ended_often():
    assert "x-delivery-limit" not in webhooks_queue().queue_arguments


def test_every_queue_on_rabbitmq_is_durable_and_replicated():
    queues = [*task_queues(rabbitmq=True), dead_letter_queue(), webhooks_queue()]

    assert all(queue.durable for queue in queues)
    assert {queue.queue_arguments["x-queue-type"] for queue in queues} == {"quorum"}
