/*
 * A stand-in of the 2016 original's page script: not its text, but what it does, in its order, with
 * the two libraries that it stood on. Where it connects to may be said by the page; otherwise it is
 * the page's own host, as there.
 */
$(function () {
  var where = $("body").data("host") || window.location.host;
  var scheme = window.location.protocol === "https:" ? "wss" : "ws";
  var stream = new ReconnectingWebSocket(scheme + "://" + where + "/chat/stream/");

  stream.onopen = function () {
    console.log("connected");
  };
  stream.onclose = function () {
    console.log("disconnected");
  };

  function tell(command, room, more) {
    stream.send(JSON.stringify($.extend({ command: command, room: room }, more)));
  }

  function roomElement(id) {
    return $("#room-" + id);
  }

  $("li.room-link").on("click", function () {
    var link = $(this);
    // An attribute, not .data(): that would make a number of it.
    var room = link.attr("data-room-id");
    if (roomElement(room).length) {
      link.removeClass("joined");
      tell("leave", room);
    } else {
      link.addClass("joined");
      tell("join", room);
    }
  });

  function open(id, title) {
    var element = $("<div class='room' id='room-" + id + "'>" +
      "<h2>" + title + "</h2><div class='messages'></div>" +
      "<form><input><button>Send</button></form></div>");
    element.find("form").on("submit", function () {
      var input = element.find("input");
      tell("send", id, { message: input.val() });
      input.val("");
      return false;
    });
    $("#chats").append(element);
  }

  function line(frame) {
    switch (frame.msg_type) {
      case 0:
        return "<div class='message'><span class='username'>" + frame.username +
          "</span><span class='body'>" + frame.message + "</span></div>";
      case 1:
        return "<div class='contextual-message text-warning'>" + frame.message + "</div>";
      case 2:
        return "<div class='contextual-message text-danger'>" + frame.message + "</div>";
      case 3:
        return "<div class='contextual-message text-muted'>" + frame.message + "</div>";
      case 4:
        return "<div class='contextual-message text-muted'>" + frame.username + " joined the room!</div>";
      case 5:
        return "<div class='contextual-message text-muted'>" + frame.username + " left the room!</div>";
      default:
        console.log("unsupported message type");
        return null;
    }
  }

  stream.onmessage = function (event) {
    var frame = JSON.parse(event.data);
    if (frame.error) {
      alert(frame.error);
    } else if (frame.join) {
      open(frame.join, frame.title);
    } else if (frame.leave) {
      roomElement(frame.leave).remove();
    } else if (frame.message || frame.msg_type !== 0) {
      var messages = roomElement(frame.room).find(".messages");
      var shown = line(frame);
      if (shown !== null) {
        messages.append(shown);
        messages.scrollTop(messages.prop("scrollHeight"));
      }
    } else {
      console.log("cannot handle this message");
    }
  };
});
