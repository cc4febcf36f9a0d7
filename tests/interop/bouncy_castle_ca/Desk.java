import java.io.IOException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.cmp.PKIHeaderBuilder;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.cert.X509CertificateHolder;

/** One message in, one message out. */
final class Desk {
    private static final int NONCE_BYTES = 16;
    private static final long TOLERANCE_SECONDS = 300;
    private static final long DAY_SECONDS = 86_400;
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Authority authority;
    private final Protection protection;
    private final Map<String, Conversation> conversations = new HashMap<>();

    Desk(Authority authority, Protection protection) {
        this.authority = authority;
        this.protection = protection;
    }

    synchronized byte[] answer(byte[] bytes, Row row) throws IOException {
        PKIMessage message;
        try {
            message = PKIMessage.getInstance(bytes);
        } catch (IllegalArgumentException | ClassCastException unreadable) {
            row.say("unreadable: " + unreadable.getMessage());
            No no = new No(PKIFailureInfo.badDataFormat, "not a CMP message");
            PKIHeader nobody = new PKIHeader(PKIHeader.CMP_2000, PKIHeader.NULL_NAME, PKIHeader.NULL_NAME);
            return new PKIMessage(nobody, Answers.error(no)).getEncoded(ASN1Encoding.DER);
        }
        PKIHeader header = message.getHeader();
        row.say("got " + Answers.name(message.getBody().getType()) + " pvno " + header.getPvno());
        String id = String.valueOf(header.getTransactionID());
        Conversation known = conversations.get(id);
        if (known != null && Arrays.equals(bytes, known.lastRequest)) {
            row.say("repeated");
            return known.lastAnswer;
        }
        Conversation conversation = known != null ? known : new Conversation(authority, row);
        Protection.By by = null;
        PKIBody body;
        try {
            checkHeader(header, known, row);
            by = protection.verify(message, row);
            if (known == null) {
                conversations.put(id, conversation);
                conversation.firstNonce = header.getSenderNonce().getOctets();
                body = conversation.begin(message.getBody(), by, asksImplicit(header), protection.code());
            } else {
                body = conversation.go(message.getBody());
            }
        } catch (No no) {
            row.say("refused: " + no.getMessage());
            body = Answers.error(no);
        }
        byte[] answer = write(header, message.getBody().getType(), conversation, by, body, row);
        conversation.lastRequest = bytes;
        conversation.lastAnswer = answer;
        return answer;
    }

    /** RFC 9483, section 3.5. */
    private static void checkHeader(PKIHeader header, Conversation known, Row row) throws No {
        int version = header.getPvno().intValueExact();
        if (version < 2 || version > (row.switches.has("no-pvno3") ? 2 : 3)) {
            throw new No(PKIFailureInfo.unsupportedVersion, "pvno " + version);
        }
        if (header.getTransactionID() == null || header.getTransactionID().getOctets().length < NONCE_BYTES) {
            throw new No(PKIFailureInfo.badDataFormat, "transactionID is missing or short");
        }
        if (header.getSenderNonce() == null || header.getSenderNonce().getOctets().length < NONCE_BYTES) {
            throw new No(PKIFailureInfo.badSenderNonce, "senderNonce is missing or short");
        }
        ASN1OctetString answered = header.getRecipNonce();
        if (known == null ? answered != null : answered == null || !Arrays.equals(answered.getOctets(), known.lastNonce)) {
            throw new No(PKIFailureInfo.badRecipientNonce, "recipNonce is not our senderNonce of last time");
        }
        try {
            ASN1GeneralizedTime time = header.getMessageTime();
            long off = time == null ? 0 : time.getDate().toInstant().getEpochSecond() - Instant.now().getEpochSecond();
            if (Math.abs(off) > TOLERANCE_SECONDS) {
                throw new No(PKIFailureInfo.badTime, "messageTime is off by " + off + " s");
            }
        } catch (java.text.ParseException unreadable) {
            throw No.of(PKIFailureInfo.badTime, unreadable);
        }
    }

    private static boolean asksImplicit(PKIHeader header) {
        InfoTypeAndValue[] all = header.getGeneralInfo();
        return all != null
            && Arrays.stream(all).anyMatch(info -> info.getInfoType().equals(CMPObjectIdentifiers.it_implicitConfirm));
    }

    private byte[] write(PKIHeader asked, int askedType, Conversation conversation, Protection.By by, PKIBody body, Row row)
            throws IOException {
        boolean late = askedType == PKIBody.TYPE_CERT_CONFIRM;
        boolean spoil = row.switches.has("late") == late;
        Wrong wrong = name -> spoil && row.switches.has(name);
        Holder signer = protection.signer(row.switches, wrong, by);
        PKIHeaderBuilder header = header(asked, conversation, signer, wrong, row.switches);
        List<X509CertificateHolder> extra = new ArrayList<>();
        if (signer != null) {
            extra.add(signer.certificate);
        }
        if (!wrong.is("missing-chain")) {
            conversation.extra.forEach(extra::add);
            for (Holder holder : signer == null
                    ? List.of(conversation.issuing()) : List.of(signer, conversation.issuing())) {
                holder.chain.stream().filter(one -> !extra.contains(one)).forEach(extra::add);
            }
            if (!extra.contains(conversation.issuing().certificate)) {
                extra.add(conversation.issuing().certificate);
            }
        }
        conversation.extra.clear();
        boolean bare = wrong.is("unprotected")
            || body.getType() == PKIBody.TYPE_ERROR && row.switches.has("unprotected-error");
        PKIMessage message = bare
            ? new PKIMessage(header.build(), body)
            : protection.protect(header, body, extra, signer, by, wrong.is("bad-mac"));
        row.say("sent " + Answers.name(body.getType()));
        return Bytes.of(message, row.switches, wrong);
    }

    /** Whether this answer is to be wrong in this way. */
    interface Wrong {
        boolean is(String name);
    }

    private PKIHeaderBuilder header(PKIHeader asked, Conversation conversation, Holder signer, Wrong wrong, Switches switches) {
        GeneralName sender = new GeneralName(signer == null ? conversation.issuing().name() : signer.name());
        PKIHeaderBuilder header = new PKIHeaderBuilder(
            conversation.enveloped || asked.getPvno().intValueExact() > 2 ? PKIHeader.CMP_2021 : PKIHeader.CMP_2000,
            switches.has("null-sender") ? PKIHeader.NULL_NAME : sender, asked.getSender());
        Instant now = Instant.now();
        header.setMessageTime(new ASN1GeneralizedTime(
            Date.from(wrong.is("stale-time") ? now.minusSeconds(DAY_SECONDS) : now)));
        if (!switches.has("no-sender-kid")) {
            if (signer != null) {
                header.setSenderKID(signer.keyIdentifier());
            } else {
                header.setSenderKID(asked.getSenderKID());
            }
        }
        header.setTransactionID(
            wrong.is("wrong-transaction") || asked.getTransactionID() == null
                ? nonce() : asked.getTransactionID().getOctets());
        conversation.lastNonce = nonce();
        if (!wrong.is("no-sender-nonce")) {
            header.setSenderNonce(conversation.lastNonce);
        }
        if (!switches.has("no-recip-nonce") && asked.getSenderNonce() != null) {
            boolean first = conversation.delayed && switches.has("first-nonce");
            byte[] answered = first ? conversation.firstNonce : asked.getSenderNonce().getOctets();
            header.setRecipNonce(wrong.is("wrong-nonce") ? nonce() : answered);
        }
        conversation.delayed = false;
        if (conversation.implicit) {
            header.setGeneralInfo(new InfoTypeAndValue(CMPObjectIdentifiers.it_implicitConfirm, DERNull.INSTANCE));
        }
        return header;
    }

    private static byte[] nonce() {
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        return nonce;
    }
}
