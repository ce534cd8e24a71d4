"""Diarization: who speaks when, where several people share one channel. `diarizer.Diarizer` is the way in.

    audio ──► voices ──► pieces with vectors ──► clustering ──► turns
              (segmentation and embedding networks, window by window)

Audio is heard chunk by chunk, by whichever worker has the chunk; what is kept is a vector for each stretch of up to
three seconds. Speakers are told apart at the end, from all vectors of the recording.

Who only reads transcripts imports `turns`, which needs no library.
"""
