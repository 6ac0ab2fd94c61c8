// The fields in which a record keeps a SUBSCRIBE's dialog and its life (core/sip/notifier_dialog.h, core/sip/subscription_life.h).
// Every event package's record has them under the same names, between fields of its own: they are written and read here alone.
//
// For the .cc of such records: it brings the FlatBuffers library along. The local tag is of the key.
#pragma once

#include "core/sip/notifier_dialog.h"
#include "core/sip/subscription_life.h"
#include "storage/record.h"

namespace claviger::registration {

// The texts and vectors, which a builder takes before it begins the table that holds them.
struct DialogTexts {
  using Text = flatbuffers::Offset<flatbuffers::String>;
  Text call_id, remote_tag, local_uri, remote_uri, remote_target;
  flatbuffers::Offset<flatbuffers::Vector<Text>> routes;
  Text event_id, ending;
};

inline DialogTexts put_dialog_texts(flatbuffers::FlatBufferBuilder& builder, const sip::NotifierDialog& dialog,
                                    const sip::SubscriptionLife& life) {
  DialogTexts texts;
  texts.call_id = builder.CreateString(dialog.call_id);
  texts.remote_tag = builder.CreateString(dialog.remote_tag);
  texts.local_uri = builder.CreateString(dialog.local_uri);
  texts.remote_uri = builder.CreateString(dialog.remote_uri);
  texts.remote_target = builder.CreateString(dialog.remote_target);
  texts.routes = storage::put_texts(builder, dialog.routes);
  texts.event_id = storage::put_text(builder, dialog.event_id);
  texts.ending = storage::put_text(builder, life.ending);
  return texts;
}

// `Builder`: as the schema compiler writes it for a table with these fields.
template <typename Builder>
void add_dialog(Builder& record, const DialogTexts& texts, const sip::NotifierDialog& dialog,
                const sip::SubscriptionLife& life) {
  record.add_call_id(texts.call_id);
  record.add_remote_tag(texts.remote_tag);
  record.add_local_uri(texts.local_uri);
  record.add_remote_uri(texts.remote_uri);
  record.add_remote_target(texts.remote_target);
  record.add_routes(texts.routes);
  record.add_event_id(texts.event_id);
  record.add_ending(texts.ending);
  record.add_local_sequence(dialog.local_sequence);
  record.add_remote_sequence(dialog.remote_sequence);
  record.add_expires_at(life.expires_at);
  record.add_timer_due(life.timer_due);
  record.add_all_from(life.all_from);
}

template <typename Record>
void read_dialog(const Record& record, std::string_view local_tag, sip::NotifierDialog& dialog,
                 sip::SubscriptionLife& life) {
  dialog.local_tag = local_tag;
  dialog.call_id = storage::text_of(record.call_id());
  dialog.remote_tag = storage::text_of(record.remote_tag());
  dialog.local_uri = storage::text_of(record.local_uri());
  dialog.remote_uri = storage::text_of(record.remote_uri());
  dialog.remote_target = storage::text_of(record.remote_target());
  dialog.routes = storage::texts_of(record.routes());
  dialog.event_id = storage::text_of(record.event_id());
  dialog.local_sequence = record.local_sequence();
  dialog.remote_sequence = record.remote_sequence();
  life.expires_at = record.expires_at();
  life.timer_due = record.timer_due();
  life.ending = storage::text_of(record.ending());
  life.all_from = record.all_from();
}

}  // namespace claviger::registration
