#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "lib/service/web/routes.h"

namespace patrol::web {

// An HTTP answer before it is written.
struct Answer {
  int status = 200;
  std::string content_type;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Path variable, query ("a=1&b=2", percent-encoded) and body to the row's request message.
//
// Errors: INVALID_ARGUMENT, naming the query parameter or the place in the body that is wrong.
absl::StatusOr<std::unique_ptr<google::protobuf::Message>> BuildRequest(const RouteMatch& match,
                                                                        std::string_view query,
                                                                        std::string_view body);

// The row's response message to an answer.
absl::StatusOr<Answer> BuildAnswer(const Route& route, const google::protobuf::Message& response);

// {"error":{"code":404,"status":"NOT_FOUND","message":"..."}} with that HTTP status.
// `http_status` 0: by HttpStatus(status.code()).
Answer ErrorAnswer(const absl::Status& status, int http_status = 0);

// The standard mapping of google/rpc/code.proto.
int HttpStatus(absl::StatusCode code);

// "NOT_FOUND".
std::string_view CodeName(absl::StatusCode code);

// proto3 JSON: camelCase, fields without presence always printed.
absl::StatusOr<std::string> ToJson(const google::protobuf::Message& message);

// `text` as a JSON string, quotes included.
std::string JsonString(std::string_view text);

}  // namespace patrol::web
