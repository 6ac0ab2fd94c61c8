#include "core/runtime/mailbox.h"

namespace claviger::runtime {

Mailbox::Mailbox(UniqueFunction<void()> wake) : wake_(std::move(wake)), head_(new Node), tail_(head_.load()) {}

Mailbox::~Mailbox() {
  while (Node* node = pop()) delete node;
  delete tail_;
}

bool Mailbox::post(Message&& message) {
  if (ordinary_.fetch_add(1, std::memory_order_relaxed) >= kOrdinaryMax) {
    ordinary_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  Node* node = new Node;
  node->message = std::move(message);
  node->is_ordinary = true;
  push(node);
  return true;
}

void Mailbox::post_control(Message message) {
  Node* node = new Node;
  node->message = std::move(message);
  push(node);
}

void Mailbox::push(Node* node) {
  Node* previous = head_.exchange(node, std::memory_order_acq_rel);
  previous->next.store(node, std::memory_order_release);
  if (!is_awake_.exchange(true, std::memory_order_acq_rel)) wake_();
}

// The message moves into the dummy that becomes the returned node; its successor stays as the new dummy.
Mailbox::Node* Mailbox::pop() {
  Node* dummy = tail_;
  Node* next = dummy->next.load(std::memory_order_acquire);
  if (next == nullptr) return nullptr;
  dummy->message = std::move(next->message);
  dummy->is_ordinary = next->is_ordinary;
  tail_ = next;
  return dummy;
}

void Mailbox::drain() {
  for (std::size_t handled = 0; handled < kPerTurnMax; ++handled) {
    Node* node = pop();
    if (node == nullptr) return;
    if (node->is_ordinary) ordinary_.fetch_sub(1, std::memory_order_relaxed);
    Message message = std::move(node->message);
    delete node;
    message();
  }
}

// Exchanges, not stores: this one reads the flag that senders set after linking their nodes, so that whoever found it set
// (and did not wake us) has his node visible here. Who links his node later finds it clear, and wakes us.
bool Mailbox::rest() {
  is_awake_.exchange(false, std::memory_order_acq_rel);
  if (tail_->next.load(std::memory_order_acquire) == nullptr) return true;
  stay_awake();
  return false;
}

}  // namespace claviger::runtime
